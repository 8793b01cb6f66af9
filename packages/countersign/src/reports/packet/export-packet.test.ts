import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { formatEvidenceKey, verifyPacket, verifyZippedPacket } from '@countersign/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../cli/run-cli.fixtures.ts'
import { SignedRepository } from '../../cli/signed-repository.fixtures.ts'
import { openKeys, openLedger } from '../../wire.ts'
import type { EvidenceLedger } from '../../workflows/evidence-ledger.ts'
import { exportPacket, type PacketRequest } from './export-packet.ts'
import { writePacket } from './write-packet.ts'

const NOW = Math.floor(Date.UTC(2027, 0, 1) / 1000)
let repository: SignedRepository
let ledger: EvidenceLedger
let request: PacketRequest
let trust: { readonly logKey: string; readonly evidenceKey: string }

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice', 'bob'])
  const base = repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  // A merge of so many commits that its evidence is too long for an entry of the log.
  let work = base
  for (let at = 0; at < 150; at++) {
    work = repository.commit({
      message: `Step ${at}, ABC-1`,
      parents: [work],
      signer: at % 2 === 0 ? 'bob' : 'mallory',
    })
  }
  repository.commit({ message: 'Merge ABC-1', signer: 'alice', parents: [base, work] })
  repository.commit({ message: 'Nobody, ABC-2' })
  repository.tag('v1', base, 'alice')
  const { code } = await runCli(['check', '--repo', repository.folder, '--data', repository.data])
  expect(code).toBe(1)
  ledger = await openLedger(repository.data)
  const { evidenceKey, verifierKey } = await openKeys(repository.data)
  const entries = await ledger.entries()
  request = { ledger, entries, repository: null, logKey: verifierKey, evidenceKey, now: NOW }
  trust = { logKey: verifierKey, evidenceKey: formatEvidenceKey(evidenceKey.publicKey) }
})
afterAll(async () => {
  await ledger.close()
  repository.remove()
})

describe('a packet of what was recorded', () => {
  test('is proved, with every entry, the policy, the inputs and the envelope that was too long', async () => {
    const files = await exportPacket(request)
    const { explanation } = verifyPacket(files, trust, NOW)
    expect(explanation).toMatchObject({ verdict: 'pass', reason: 'proved' })
    expect(await ledger.entries()).toHaveLength(4)
    expect([...files.keys()].filter((path) => path.startsWith('entries/'))).toHaveLength(4)
    const long = [...files].filter(([path, bytes]) => path.startsWith('blobs/') && bytes.length > 65_535)
    expect(long.some(([, bytes]) => Buffer.from(bytes).toString().startsWith('{"payload":'))).toBe(true)
    expect(Buffer.from(files.get('README.md') as Uint8Array).toString()).toContain('4 of the 4 entries')
  })

  test('may hold a part of the log, and says so', async () => {
    const all = await ledger.entries()
    const entries = [all[3], all[1]].filter((entry) => entry !== undefined)
    const { explanation } = verifyPacket(await exportPacket({ ...request, entries }), trust, NOW)
    expect(explanation.verdict).toBe('pass')
    expect(explanation.parts.map(({ about }) => about)).toEqual([
      'manifest.json',
      'entries/1.json',
      'entries/3.json',
      'checkpoint',
    ])
    expect(explanation.parts.at(-1)?.sentence).toBe('2 of the 4 entries of the log are in the packet')
  })

  test('fails when the store gave other bytes than the evidence names', async () => {
    const damaged: PacketRequest['ledger'] = {
      read: (index) => ledger.read(index),
      proofOf: (index) => ledger.proofOf(index),
      blob: async (digest) => Buffer.concat([await ledger.blob(digest), Buffer.from(' ')]),
    }
    const { explanation } = verifyPacket(await exportPacket({ ...request, ledger: damaged }), trust, NOW)
    expect(explanation.verdict).toBe('fail')
    expect(explanation.parts[1]?.parts).toMatchObject([{ reason: 'file_changed' }])
  })

  test('is the same file as zip and as folder, and both are proved', async () => {
    const files = await exportPacket(request)
    const [folder, zip] = [join(repository.home, 'packet'), join(repository.home, 'packet.zip')]
    await writePacket(files, folder)
    await writePacket(files, zip)
    expect(new Map([...readFolder(folder)].sort())).toEqual(
      new Map([...files].map(([path, bytes]) => [path, Buffer.from(bytes)] as const).sort()),
    )
    expect(verifyZippedPacket(readFileSync(zip), trust, NOW).explanation.verdict).toBe('pass')
    expect(readdirSync(repository.home).filter((name) => name.includes('partial'))).toEqual([])
  })
})

describe('refuses', () => {
  test('an empty packet with evidence_not_found', async () => {
    await expect(exportPacket({ ...request, entries: [] })).rejects.toMatchObject({ code: 'evidence_not_found' })
  })

  test.for([
    { name: 'a folder', target: 'taken' },
    { name: 'an empty folder', target: 'empty' },
    { name: 'a file', target: 'taken.zip' },
  ])('to write over $name with already_there', async ({ target }) => {
    const path = join(repository.home, target)
    if (target.endsWith('.zip')) writeFileSync(path, 'mine')
    else mkdirSync(path)
    if (target === 'taken') writeFileSync(join(path, 'mine'), 'mine')
    await expect(writePacket(new Map([['a', Buffer.from('a')]]), path)).rejects.toMatchObject({ code: 'already_there' })
    expect(readdirSync(repository.home).filter((name) => name.includes('partial'))).toEqual([])
  })

  test('to write where it cannot with write_failed, and leaves nothing', async () => {
    for (const target of ['absent/packet', 'absent/packet.zip']) {
      const path = join(repository.home, target)
      await expect(writePacket(new Map([['a', Buffer.from('a')]]), path)).rejects.toMatchObject({
        code: 'write_failed',
      })
    }
    expect(existsSync(join(repository.home, 'absent'))).toBe(false)
  })

  test('a log that grows all the while with repository_changed, and waits for one that grew once', async () => {
    let grown = 0
    const growing = (until: number): PacketRequest['ledger'] => ({
      read: (index) => ledger.read(index),
      blob: (digest) => ledger.blob(digest),
      proofOf: async (index) => {
        const proof = await ledger.proofOf(index)
        if (grown++ >= until) return proof
        return { ...proof, receipt: { ...proof.receipt, checkpoint: `${grown}` } }
      },
    })
    const once = await exportPacket({ ...request, ledger: growing(1) })
    expect(verifyPacket(once, trust, NOW).explanation.verdict).toBe('pass')
    await expect(exportPacket({ ...request, ledger: growing(Number.POSITIVE_INFINITY) })).rejects.toMatchObject({
      code: 'repository_changed',
    })
  })
})

function readFolder(folder: string): ReadonlyMap<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    entries.map(({ parentPath, name }) => {
      const file = join(parentPath, name)
      return [relative(folder, file).split(sep).join('/'), readFileSync(file)]
    }),
  )
}
