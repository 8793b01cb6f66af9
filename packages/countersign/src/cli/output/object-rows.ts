import { printable, type Verdict } from '@countersign/verify'
import type { Terminal } from '../terminal.ts'
import { paintVerdict } from './paint-verdict.ts'

/** One line of `verify`, read back; docs/formats/object-line.md describes it. */
export interface ObjectLine {
  readonly object: string
  readonly type: string
  readonly signature: {
    readonly scheme: string | null
    readonly status: string
    readonly git: string
    readonly principal: string | null
    readonly key: string | null
    readonly reason: string
  }
  readonly verdict: Verdict
}

/** Object lines as rows for people: verdict, object, what signed it, and why not where it is not a pass. */
export function formatObjectRows(lines: string, terminal: Terminal): string {
  return readObjectLines(lines)
    .map((line) => row(line, terminal))
    .join('')
}

/** The lines that a verifier yields, read back. */
export function readObjectLines(lines: string): readonly ObjectLine[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ObjectLine)
}

function row({ object, type, signature, verdict }: ObjectLine, terminal: Terminal): string {
  const who = printable(signature.principal ?? signature.key ?? '')
  const why = verdict === 'pass' ? '' : ` ${signature.reason.replaceAll('_', ' ')}`
  const scheme = (signature.scheme ?? 'none').padEnd(8)
  return `${paintVerdict(verdict, terminal)} ${type.padEnd(6)} ${object.slice(0, 12)} ${signature.git} ${scheme}${who}${why}\n`
}
