/** Waits for all, also where some fail, so that nothing starts after the rest was given up; rejects with what the first of these said. */
export async function settleAll(under: readonly Promise<unknown>[]): Promise<void> {
  const failure = (await Promise.allSettled(under)).find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
