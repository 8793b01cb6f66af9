import { fsckLog } from '../../../wire/check-log.ts'
import type { EvidenceLedger } from '../../../workflows/evidence-ledger.ts'
import { paintVerdict } from '../../output/paint-verdict.ts'
import type { Page } from './page.ts'

/** Shows what a checkpoint says: whose log, how many leaves, and the root over all of them. */
export async function showCheckpoint(ledger: EvidenceLedger, page: Page): Promise<void> {
  const [origin, size, root] = (await ledger.checkpointNote()).split('\n')
  await page.block(`${origin}\n${size}\n${root}`)
  await page.prose('... signed by the log, whose key anybody may pin:')
}

/** Checks a data folder's log and shows what is wrong with it, which is returned too. The log must not be open. */
export async function showFsck(data: string, page: Page): Promise<readonly string[]> {
  const findings: string[] = []
  for await (const { file, code, message } of fsckLog(data)) findings.push(`log fsck: ${file}: ${code}: ${message}`)
  const verdict = paintVerdict(findings.length === 0 ? 'pass' : 'fail', page.terminal)
  const said = findings.length === 0 ? 'every tile, signature and named byte is in order' : findings.join('\n')
  await page.block(`${verdict} ${said}`)
  return findings
}
