import { verifyTlogProof } from '@countersign/verify'
import type { EvidenceLedger } from '../../workflows/evidence-ledger.ts'
import { Problem } from '../../workflows/problem.ts'
import { paintVerdict } from '../output/paint-verdict.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { selectEntries } from './select-entries.ts'

/** The options of `countersign evidence show` and `verify`, as the grammar reads them. */
export interface EvidenceOptions {
  readonly data?: string
  readonly output: 'statement' | 'envelope' | 'proof'
}

/** Prints one piece of evidence: the statement, its signed envelope, or the proof that it is in the log. */
export function evidenceShow(
  options: EvidenceOptions,
  terminal: Terminal,
  operands: readonly string[],
): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const entry = (await selectEntries(ledger, operands)).at(-1)
    if (entry === undefined) throw new Problem('evidence_not_found', 'nothing has been recorded yet')
    await terminal.data(await textOf(ledger, entry.index, options.output))
    return 0
  })
}

async function textOf(ledger: EvidenceLedger, index: number, output: EvidenceOptions['output']): Promise<string> {
  if (output === 'proof') return (await ledger.proofOf(index)).receipt.proof
  const { envelope } = await ledger.read(index)
  if (output === 'envelope') return `${envelope}\n`
  const { payload } = JSON.parse(envelope) as { readonly payload: string }
  return `${JSON.stringify(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')), null, 2)}\n`
}

/** Checks signature, inclusion proof and named bytes of evidence. Returns 1 when one of them does not hold. */
export function evidenceVerify(
  options: EvidenceOptions,
  terminal: Terminal,
  operands: readonly string[],
): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const entries = await selectEntries(ledger, operands)
    terminal.talk(
      'criteria: signed by our evidence key · included in the log under its own checkpoint · every named byte there\n',
    )
    let bad = 0
    for (const { index } of entries) {
      const fault = await faultOf(ledger, index)
      if (fault === null) continue
      bad += 1
      await terminal.data(`${String(index).padStart(6)} ${paintVerdict('fail', terminal)} ${fault}\n`)
    }
    await terminal.data(
      `${paintVerdict(bad > 0 ? 'fail' : 'pass', terminal)} ${entries.length - bad} of ${entries.length} pieces of evidence hold\n`,
    )
    return bad > 0 ? 1 : 0
  })
}

async function faultOf(ledger: EvidenceLedger, index: number): Promise<string | null> {
  try {
    const { decision } = await ledger.read(index)
    const { entry, receipt } = await ledger.proofOf(index)
    verifyTlogProof(entry, receipt.proof, ledger.logTrust)
    await ledger.blob(decision.inputs.sha256)
    if (decision.policy !== null) await ledger.blob(decision.policy.sha256)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
