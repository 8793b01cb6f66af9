import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { type Explanation, formatEvidenceKey, type PacketTrust, verifyPacket } from '@countersign/verify'
import { exportPacket } from '../../../reports/packet/export-packet.ts'
import { writePacket } from '../../../reports/packet/write-packet.ts'
import { now, openKeys } from '../../../wire.ts'
import { paintVerdict } from '../../output/paint-verdict.ts'
import { withLedger } from '../../with-ledger.ts'
import type { DemoPlaces } from './demo-places.ts'
import type { Page } from './page.ts'

const ALTERED_FILE = 'entries/3.json'
const PINNED = '--log-key $DEMO/pinned/log.vkey --evidence-key $DEMO/pinned/evidence.pem'

/**
 * Exports a packet of everything, proves it from its files and pinned keys alone, and shows that one changed bit is found.
 *
 * Returns every way in which it came out otherwise than it must.
 */
export async function provePacket(places: DemoPlaces, page: Page): Promise<readonly string[]> {
  await page.heading('5. An auditor proves it offline, trusting only two public keys')
  const packet = join(places.folder, 'packet')
  const trust = await makePacket(places, packet)
  await page.command(`npx countersign packet export $DEMO/packet --data ${places.dataArgument}`)
  await page.command(`npx countersign-verify $DEMO/packet ${PINNED}`)
  const sound = verifyPacket(await readFolder(packet), trust, now()).explanation
  await page.block(formatAnswer(sound, page))
  await page.prose('\nOne bit of one file of a copy is flipped:')
  const altered = join(places.folder, 'packet-altered')
  await cp(packet, altered, { recursive: true })
  await flipBit(join(altered, ALTERED_FILE))
  await page.command(`npx countersign-verify $DEMO/packet-altered ${PINNED}`)
  const refuted = verifyPacket(await readFolder(altered), trust, now()).explanation
  await page.block(formatAnswer(refuted, page))
  return [
    ...(sound.verdict === 'pass' ? [] : [`the packet is not proved: ${faultsIn(sound)}`]),
    ...(refuted.verdict === 'fail' && faultsIn(refuted) === `${ALTERED_FILE}: file_changed`
      ? []
      : [`the altered packet gives ${refuted.verdict} (${faultsIn(refuted)}), not a failure of ${ALTERED_FILE}`]),
  ]
}

async function makePacket({ data, folder }: DemoPlaces, packet: string): Promise<PacketTrust> {
  const { evidenceKey, verifierKey } = await openKeys(data)
  await withLedger(data, async (ledger) => {
    const entries = await ledger.entries()
    const request = { ledger, entries, repository: null, logKey: verifierKey, evidenceKey, now: now() }
    await writePacket(await exportPacket(request), packet)
  })
  const trust = { logKey: verifierKey, evidenceKey: formatEvidenceKey(evidenceKey.publicKey) }
  await mkdir(join(folder, 'pinned'))
  await writeFile(join(folder, 'pinned', 'log.vkey'), `${trust.logKey}\n`)
  await writeFile(join(folder, 'pinned', 'evidence.pem'), trust.evidenceKey)
  return trust
}

async function readFolder(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(
      files.map(async (file) => [relative(folder, file).split(sep).join('/'), await readFile(file)] as const),
    ),
  )
}

async function flipBit(file: string): Promise<void> {
  const bytes = await readFile(file)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  await writeFile(file, bytes)
}

/** The answer in one line, and below it each part that is not a pass. */
function formatAnswer(answer: Explanation, { terminal }: Page): string {
  const faults = tips(answer).filter(({ verdict }) => verdict !== 'pass')
  const passed = answer.parts.filter(({ about, verdict }) => verdict === 'pass' && about.startsWith('entries/')).length
  const lines = [
    `${paintVerdict(answer.verdict, terminal)} ${answer.sentence}`,
    ...(passed === 0 ? [] : [`                 ${passed} decisions: in the log, signed, and as recorded`]),
    ...faults.map(({ about, verdict, sentence }) => `${paintVerdict(verdict, terminal)} ${about} ${sentence}`),
  ]
  return lines.join('\n')
}

function faultsIn(answer: Explanation): string {
  const faults = tips(answer).filter(({ verdict }) => verdict !== 'pass')
  return faults.map(({ about, reason }) => `${about}: ${reason}`).join(', ')
}

function tips(step: Explanation): readonly Explanation[] {
  return step.parts.length === 0 ? [step] : step.parts.flatMap(tips)
}
