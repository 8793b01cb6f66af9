import { settleAll } from './settle-all.ts'

/** Stops everything, also where some refuse; rejects with what the first of these said. */
export async function stopAll(running: readonly { stop(): Promise<void> }[]): Promise<void> {
  await settleAll(running.map((one) => one.stop()))
}
