import { printable, type Verdict } from '@countersign/verify'
import type { Terminal } from '../terminal.ts'
import { paintVerdict } from './paint-verdict.ts'

interface ObjectLine {
  readonly object: string
  readonly type: string
  readonly signature: {
    readonly scheme: string | null
    readonly git: string
    readonly principal: string | null
    readonly key: string | null
    readonly reason: string
  }
  readonly verdict: Verdict
}

/** Object lines as rows for people: verdict, object, what signed it, and why not where it is not a pass. */
export function formatObjectRows(lines: string, terminal: Terminal): string {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => row(JSON.parse(line) as ObjectLine, terminal))
    .join('')
}

function row({ object, type, signature, verdict }: ObjectLine, terminal: Terminal): string {
  const who = printable(signature.principal ?? signature.key ?? '')
  const why = verdict === 'pass' ? '' : ` ${signature.reason.replaceAll('_', ' ')}`
  const scheme = (signature.scheme ?? 'none').padEnd(8)
  return `${paintVerdict(verdict, terminal)} ${type.padEnd(6)} ${object.slice(0, 12)} ${signature.git} ${scheme}${who}${why}\n`
}
