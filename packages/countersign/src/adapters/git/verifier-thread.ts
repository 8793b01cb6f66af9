import { parentPort, workerData } from 'node:worker_threads'
import { Problem } from '../../workflows/problem.ts'
import { CheckingSession, type SessionSettings } from './checking-session.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** The entry of a worker thread: checks the runs that it is sent and answers each by its number. */
const session = new CheckingSession(workerData as SessionSettings)

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'finish') {
    session.finish()
    // Answers that are still to come need the port; without a listener that holds it open, the thread ends after them.
    parentPort?.unref()
    return
  }
  session.submit(message.ids).then(
    (outcome) => answer({ kind: 'done', number: message.number, outcome }),
    (error: unknown) => answer({ kind: 'failed', number: message.number, ...failureOf(error) }),
  )
})

function answer(message: FromThread): void {
  parentPort?.postMessage(message)
}

function failureOf(error: unknown): Pick<Extract<FromThread, { kind: 'failed' }>, 'code' | 'message'> {
  if (error instanceof Problem) return { code: error.code, message: error.message }
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
