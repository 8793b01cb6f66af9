import { answer } from '@countersign/verify/cli'
import { dataFolder, exportPacketTo, now, openKeys } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { selectEntries } from './select-entries.ts'

/** The options of `countersign packet export`, as the grammar reads them. */
export interface ExportOptions {
  readonly data?: string
  readonly repository?: string
  readonly evidence?: readonly string[]
}

/** The options of `countersign packet verify`, as the grammar reads them. */
export interface VerifyPacketOptions {
  readonly logKey?: string
  readonly evidenceKey?: string
  readonly at?: string
  readonly output: 'text' | 'json'
}

/** Writes a packet of evidence, with everything that is needed to prove it offline: a zip, or a folder. */
export function packetExport(options: ExportOptions, terminal: Terminal, operands: readonly string[]): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const entries = (await selectEntries(ledger, options.evidence ?? [])).filter(
      ({ change }) => options.repository === undefined || change.repository === options.repository,
    )
    if (entries.length === 0) throw new Problem('evidence_not_found', 'there is no evidence to export')
    const target = operands[0] ?? 'packet.zip'
    const keys = await openKeys(dataFolder(options.data))
    await exportPacketTo(target, { ledger, entries, repository: options.repository ?? null, keys, now: now() })
    await terminal.data(`${target}\n`)
    terminal.talk(`${entries.length} decisions; hand over the keys by another way: countersign log key [--evidence]\n`)
    return 0
  })
}

/** Proves a packet offline, by the same code and with the same words as the auditor's own \`countersign-verify\`. */
export async function packetVerify(
  options: VerifyPacketOptions,
  terminal: Terminal,
  operands: readonly string[],
): Promise<number> {
  const named = {
    '--log-key': options.logKey,
    '--evidence-key': options.evidenceKey,
    '--at': options.at,
    '--output': options.output,
  }
  const flags = Object.entries(named).flatMap(([flag, value]) => (value === undefined ? [] : [`${flag}=${value}`]))
  const { code, stdout, stderr } = answer([...flags, '--', ...operands], now())
  await terminal.data(stdout)
  terminal.talk(stderr)
  return code
}
