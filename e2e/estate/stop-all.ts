/** Stops everything, also where some refuse; rejects with what the first of these said. */
export async function stopAll(running: readonly { stop(): Promise<void> }[]): Promise<void> {
  const stopped = await Promise.allSettled(running.map((one) => one.stop()))
  const failure = stopped.find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
