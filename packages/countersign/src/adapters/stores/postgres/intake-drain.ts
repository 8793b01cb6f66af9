import { type EvidenceLog, EvidenceLogError } from '../../../workflows/ports/evidence-log.ts'
import type { Intake, TakenSubmission } from './intake.ts'

/** Empties the intake into a log that this replica sequences. */
export interface IntakeDrain {
  /** Looks whether there is something, now or as soon as the look that is under way has ended. */
  soon(): void
  /** Ends after the look that is under way. */
  close(): Promise<void>
}

/** Drains also without being asked, from time to time, for a notice may be lost. Never rejects: what fails is tried again. */
export function drainIntake(intake: Intake, log: EvidenceLog): IntakeDrain {
  let [isClosed, isWanted] = [false, false]
  let running: Promise<void> | null = null
  const run = async (): Promise<void> => {
    while (isWanted && !isClosed) {
      isWanted = false
      try {
        const taken = await intake.take()
        await Promise.all(taken.map((one) => place(one, intake, log)))
        // There may be more than one page of it.
        if (taken.length > 0) isWanted = true
      } catch {
        break
      }
    }
  }
  const soon = (): void => {
    isWanted = true
    if (isClosed) return
    running ??= run().finally(() => {
      running = null
    })
  }
  const timer = setInterval(soon, LOOK_MS)
  return {
    soon,
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await running
    },
  }
}

const LOOK_MS = 500

/** Appends one submission. Its rows leave the intake with the commit; those that the log held before leave it here. */
async function place({ rows, evidence }: TakenSubmission, intake: Intake, log: EvidenceLog): Promise<void> {
  try {
    const receipts = await log.append(evidence)
    if (receipts.some(({ isDuplicate }) => isDuplicate)) await intake.settle(rows, null)
  } catch (error) {
    if (!(error instanceof EvidenceLogError) || !FINAL.includes(error.code)) throw error
    await intake.settle(rows, { code: error.code, message: error.message })
  }
}

/** Trying again would change nothing about these. */
const FINAL: readonly EvidenceLogError['code'][] = ['duplicate_differs', 'entry_too_large', 'too_many_entries']
