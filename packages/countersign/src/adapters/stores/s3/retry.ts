import { S3Failure } from './s3-failure.ts'

/** How patient to be with a service. */
export interface Patience {
  /** How often a request is sent before it is given up. */
  readonly attempts: number
  /** The longest wait before the second attempt, in milliseconds; it doubles with each and is drawn from nothing up to that. */
  readonly firstWaitMs: number
  readonly longestWaitMs: number
  /** How long one request may take, in milliseconds, beside the time that its bytes take on a slow line. */
  readonly requestMs: number
}

export const PATIENCE: Patience = { attempts: 5, firstWaitMs: 200, longestWaitMs: 5_000, requestMs: 15_000 }

/** Does work again for as long as it fails in a way that may pass, then rejects as it did last. The work must be safe to repeat. */
export async function retrying<Value>(work: () => Promise<Value>, patience: Patience): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof S3Failure && error.mayPass) || attempt >= patience.attempts) throw error
      const longest = Math.min(patience.firstWaitMs * 2 ** (attempt - 1), patience.longestWaitMs)
      // Drawn from the whole span, so that many who failed together do not come back together.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * longest))
    }
  }
}
