import { PROBLEMS, problemCodeOf } from '../workflows/problem.ts'
import { readArguments } from './program.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const BUG = 70
const INTERRUPTED = 130

/** Runs one command line to its end and sets the process's exit code. */
export async function main(args: readonly string[]): Promise<void> {
  const terminal = openTerminal({ plain: args.includes('--no-progress'), ascii: args.includes('--ascii') })
  process.once('SIGINT', () => process.exit(INTERRUPTED))
  try {
    process.exitCode = await readArguments(args, terminal)
  } catch (error) {
    process.exitCode = explainError(error, terminal)
  }
}

function explainError(error: unknown, terminal: Terminal): number {
  const code = problemCodeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  if (code === null || PROBLEMS[code].exit === BUG) {
    const trace = error instanceof Error ? (error.stack ?? text) : text
    terminal.talk(`error[bug]: this is a fault of Countersign, not yours\n${trace}\n`)
    return BUG
  }
  terminal.talk(`error[${code}]: ${text}\n  remedy: ${PROBLEMS[code].remedy}\n`)
  return PROBLEMS[code].exit
}
