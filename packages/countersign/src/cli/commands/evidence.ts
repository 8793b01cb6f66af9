import { verifyTlogProof } from '@countersign/verify'
import type { EvidenceLedger } from '../../workflows/evidence-ledger.ts'
import { Problem } from '../../workflows/problem.ts'
import { paintVerdict } from '../output/paint-verdict.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { selectEvidence } from './select-entries.ts'

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
    let newest: number | null = null
    for await (const index of selectEvidence(ledger, operands)) newest = index
    if (newest === null) throw new Problem('evidence_not_found', 'nothing has been recorded yet')
    await terminal.data(await textOf(ledger, newest, options.output))
    return 0
  })
}

async function textOf(ledger: EvidenceLedger, index: number, output: EvidenceOptions['output']): Promise<string> {
  if (output === 'proof') return (await ledger.proofOf(index)).receipt.proof
  const { envelope } = await ledger.statement(index)
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
    terminal.talk(
      'criteria: signed by our evidence key or a sender’s · included in the log under its own checkpoint · every named byte there\n',
    )
    let [all, bad] = [0, 0]
    for await (const index of selectEvidence(ledger, operands)) {
      all += 1
      const fault = await faultOf(ledger, index)
      if (fault === null) continue
      bad += 1
      await terminal.data(`${String(index).padStart(6)} ${paintVerdict('fail', terminal)} ${fault}\n`)
    }
    await terminal.data(
      `${paintVerdict(bad > 0 ? 'fail' : 'pass', terminal)} ${all - bad} of ${all} pieces of evidence hold\n`,
    )
    return bad > 0 ? 1 : 0
  })
}

async function faultOf(ledger: EvidenceLedger, index: number): Promise<string | null> {
  try {
    const { payloads } = await ledger.statement(index)
    const { entry, receipt } = await ledger.proofOf(index)
    verifyTlogProof(entry, receipt.proof, ledger.logTrust)
    for (const digest of payloads) await ledger.blob(digest)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
