import { parseArgs } from 'node:util'
import { printable } from '../bytes/encoding.ts'
import { EvidenceError } from '../evidence/evidence-error.ts'
import { secondsOf } from '../evidence/shape.ts'
import { TlogError } from '../tlog/tlog-error.ts'
import type { Explanation } from '../verdict/explanation.ts'
import type { Verdict } from '../verdict/verdict.ts'
import { type PacketReport, type PacketTrust, verifyPacket, verifyZippedPacket } from '../verify-packet.ts'
import { readPacket, readText, UsageError } from './read-packet.ts'

const USAGE = `countersign-verify PACKET [--log-key VKEY|FILE] [--evidence-key FILE] [--at TIME] [-o text|json]

Proves a packet of Countersign's evidence offline. PACKET is a folder or a zip.

  --log-key       the log's verifier key, name+id+key, or a file that holds it
  --evidence-key  the file of the public key that signs evidence (PEM)
  --at            the time of the check, such as 2026-01-31T12:00:00Z; now when not given
  -o, --output    text, or json

Take both keys from somewhere else than the packet. Without them the answer is never pass.
Ends with 0 pass, 1 fail, 2 wrong usage, 3 could not tell.
`

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command with its arguments, prints, and sets the exit code. */
export function main(args: readonly string[]): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has gone wants nothing more. An answer that cannot be written is none: neither yes nor no.
    if (error.code === 'EPIPE') process.exit(141)
    process.stderr.write(`error: standard output: ${error.message}\n`)
    process.exit(3)
  })
  const { code, stdout, stderr } = answer(args, Math.floor(Date.now() / 1000))
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = code
}

/** What the command answers at a time in Unix seconds. */
export function answer(args: readonly string[], now: number): Answer {
  try {
    const { values, positionals } = parse(args)
    if (values.help) return { code: 0, stdout: USAGE, stderr: '' }
    const [path, ...others] = positionals
    if (path === undefined || others.length > 0) throw new UsageError('name one packet')
    if (values.output !== 'text' && values.output !== 'json') throw new UsageError('-o takes text or json')
    const trust = { logKey: logKey(values['log-key']), evidenceKey: evidenceKey(values['evidence-key']) }
    const report = verify(path, trust, timeOf(values.at) ?? now)
    const stdout = values.output === 'json' ? `${JSON.stringify(report)}\n` : formatReport(report)
    return { code: exitCodeOf(report.explanation.verdict), stdout, stderr: '' }
  } catch (error) {
    const isUsage = error instanceof UsageError || error instanceof EvidenceError || error instanceof TlogError
    if (!isUsage) throw error
    return { code: 2, stdout: '', stderr: `error: ${error.message}\n\n${USAGE}` }
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'log-key': { type: 'string' },
        'evidence-key': { type: 'string' },
        at: { type: 'string' },
        output: { type: 'string', short: 'o', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function logKey(option: string | undefined): string | null {
  if (option === undefined) return null
  return /\+[0-9a-f]{8}\+/.test(option) ? option : readText(option).trim()
}

function evidenceKey(option: string | undefined): string | null {
  return option === undefined ? null : readText(option)
}

function timeOf(option: string | undefined): number | null {
  const time = option === undefined ? null : secondsOf(option)
  if (option !== undefined && time === null) throw new UsageError('--at takes a time such as 2026-01-31T12:00:00Z')
  return time
}

function verify(path: string, trust: PacketTrust, at: number): PacketReport {
  const packet = readPacket(path)
  return packet.kind === 'zip' ? verifyZippedPacket(packet.zip, trust, at) : verifyPacket(packet.files, trust, at)
}

/** The criteria, then the answer as a tree, then the verdict in one line. */
function formatReport({ criteria, explanation }: PacketReport): string {
  const { verdict, sentence, parts } = explanation
  const lines = [...criteria.map((line) => `- ${line}`), '', ...parts.flatMap((part) => formatStep(part, 0))]
  return `${lines.join('\n')}\n\n${verdict}: ${sentence}\n`
}

function formatStep(step: Explanation, depth: number): readonly string[] {
  const indent = '  '.repeat(depth)
  const { about, verdict, reason, sentence, observed, wanted, remedy, parts } = step
  const asked = { found: observed, wanted, remedy }
  return [
    printable(`${indent}${verdict} ${about}: ${sentence} [${reason}]`),
    ...Object.entries(asked).flatMap(([name, text]) =>
      text === undefined ? [] : [printable(`${indent}  ${name}: ${text}`)],
    ),
    ...parts.flatMap((part) => formatStep(part, depth + 1)),
  ]
}

function exitCodeOf(verdict: Verdict): number {
  if (verdict === 'pass') return 0
  return verdict === 'fail' ? 1 : 3
}
