import { styleText } from 'node:util'
import type { Verdict } from '@countersign/verify'
import { PROBLEMS } from '../workflows/problem.ts'

/** Where a command's data and its talk go. Data is standard output, talk is standard error. */
export interface Terminal {
  /** Writes data; settles when it may write more, so that a slow reader does not make memory grow. */
  data(text: string): Promise<void>
  talk(text: string): void
  /** Whether talk may redraw its line: a terminal, and nobody asked for plain output. */
  readonly redraws: boolean
  readonly paint: (style: 'red' | 'green' | 'yellow' | 'dim' | 'bold' | 'cyan', text: string) => string
  readonly glyphs: Readonly<Record<Verdict, string>>
}

const GLYPHS: Readonly<Record<Verdict, string>> = {
  pass: '✔',
  fail: '✗',
  warn: '!',
  not_applicable: '–',
  pending: '…',
  indeterminate: '?',
  waived: '~',
  break_glass: '⚡',
}
const ASCII: Readonly<Record<Verdict, string>> = {
  ...GLYPHS,
  pass: '+',
  fail: 'x',
  not_applicable: '-',
  pending: '.',
  break_glass: '#',
}

/** The process's own standard streams. `plain` turns colour and redrawing off, `ascii` replaces glyphs. */
export function openTerminal(options: { readonly plain: boolean; readonly ascii: boolean }): Terminal {
  const { stdout, stderr, env } = process
  const colour = !options.plain && wantsColour(stdout.isTTY === true, env)
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has gone: nothing more can be said to it, and that is not an error of ours.
    if (error.code === 'EPIPE') process.exit(141)
    const { code, exit, remedy } = unwritable(error)
    stderr.write(`error[${code}]: standard output: ${error.message}\n  remedy: ${remedy}\n`)
    process.exit(exit)
  })
  stderr.on('error', () => undefined)
  return {
    data: (text) => new Promise((resolve) => (stdout.write(text) ? resolve() : stdout.once('drain', resolve))),
    talk: (text) => void stderr.write(text),
    redraws: stderr.isTTY === true && !options.plain && env['TERM'] !== 'dumb' && env['COUNTERSIGN_ACCESSIBLE'] !== '1',
    paint: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
    glyphs: options.ascii ? ASCII : GLYPHS,
  }
}

/** What could not be written leaves nobody an answer: neither yes nor no. */
function unwritable({ code: said }: NodeJS.ErrnoException) {
  const code = said === 'ENOSPC' || said === 'EDQUOT' ? 'disk_full' : 'write_failed'
  return { code, ...PROBLEMS[code] }
}

function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true
  if (env['CLICOLOR_FORCE'] !== undefined && env['CLICOLOR_FORCE'] !== '0') return true
  return isTerminal && env['TERM'] !== 'dumb'
}
