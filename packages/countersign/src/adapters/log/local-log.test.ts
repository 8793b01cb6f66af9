import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '@countersign/verify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EvidenceQuery, IndexedTerms } from '../../workflows/ports/evidence-log.ts'
import { LogStoreError } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { allOf } from '../stores/log-rows.fixtures.ts'
import { memoryObjects } from '../stores/memory/object-store.ts'
import { checkSqliteFile } from '../stores/sqlite/check-file.ts'
import { openSqliteStore, readSqliteStore } from '../stores/sqlite/log-store.ts'
import { fsckLocalLog, openLocalLog } from './local-log.ts'
import { evidenceOf, TEST_KEY, TEST_ORIGIN, TEST_TRUST } from './log.fixtures.ts'
import { sealTerms } from './sealed-terms.ts'

const INDEX_KEY = new Uint8Array(32).fill(9)
const PARTS = { origin: TEST_ORIGIN, key: TEST_KEY, trust: TEST_TRUST, indexKey: INDEX_KEY }
const TEXTS = Array.from({ length: 30 }, (_, at) => `entry ${at} ${'long '.repeat(at)}`)
let folder: string
let objects: ObjectStore
let original: Buffer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-log-'))
  objects = memoryObjects()
  const parts = { ...PARTS, objects }
  // Some rows are in the index, and some are not.
  const openStore = () => openSqliteStore(join(folder, 'original.db'), { blockRows: 4, mostUnsealed: 8 })
  const log = await openLocalLog({ ...parts, openStore }, 'write')
  for (const [at, text] of TEXTS.entries()) {
    await log.append([evidenceOf(utf8(text), { subjects: [`change:${at}`], idempotencyKey: `key ${at}` })])
  }
  await log.close()
  original = readFileSync(join(folder, 'original.db'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a changed byte anywhere in the database is named, or changes nothing that anybody reads', async () => {
  const before = await everythingIn('original.db')
  expect(await faultsOf('original.db')).toEqual([])
  let named = 0
  for (let at = 0; at < original.length; at += 131) {
    const changed = Buffer.from(original)
    changed[at] = (changed[at] as number) ^ 0x10
    writeFileSync(join(folder, 'changed.db'), changed)
    const faults = await faultsOf('changed.db')
    if (faults.length > 0) named += 1
    else expect(await everythingIn('changed.db'), `byte ${at}`).toEqual(before)
  }
  expect(named).toBeGreaterThan(original.length / 131 / 4)
})

test('a database that lags behind what was published is named', async () => {
  const lagging = openSqliteStore(join(folder, 'lagging.db'))
  const log = await openLocalLog({ ...PARTS, objects: memoryObjects(), openStore: () => lagging }, 'write')
  await log.append([evidenceOf(utf8(TEXTS[0] as string))])
  await log.close()
  expect(await faultsOf('lagging.db')).toContain('missing evidence.db: 30 entries were published, and the record has 1')
})

test('a log that fails to open lets go of its database', async () => {
  const openStore = () => openSqliteStore(join(folder, 'original.db'))
  const trust = { origin: 'example.com/other', keys: TEST_TRUST.keys }
  const parts = { ...PARTS, origin: trust.origin, trust, objects, openStore }
  await expect(openLocalLog(parts, 'write')).rejects.toMatchObject({ code: 'wrong_origin' })
  writeFileSync(join(folder, 'original.db'), original)
  expect(await faultsOf('original.db')).toEqual([])
})

/** What `log fsck` says of a database, and what is not found by its terms. */
async function faultsOf(name: string): Promise<readonly string[]> {
  const file = join(folder, name)
  const faults: string[] = []
  const checkFile = () => checkSqliteFile(file)
  for await (const { code, file: where, message } of fsckLocalLog({
    objects,
    trust: TEST_TRUST,
    checkFile,
    openStore: () => readSqliteStore(file),
  })) {
    faults.push(`${code} ${where}: ${message}`)
  }
  if (faults.length > 0) return faults
  try {
    const found = await everythingIn(name)
    return found === (await everythingIn('original.db')) ? [] : ['the index differs']
  } catch (error) {
    if (!(error instanceof LogStoreError)) throw error
    return [error.message]
  }
}

/** Everything that can be read from a database, by every way to find it. */
async function everythingIn(name: string): Promise<string> {
  const store = sealTerms(readSqliteStore(join(folder, name)), INDEX_KEY)
  try {
    const queries: EvidenceQuery[] = [{}, { source: 'test' }, { type: 'https://example.com/test/v1' }]
    for (const at of TEXTS.keys()) queries.push({ subject: `change:${at}` }, { idempotencyKey: `key ${at}` })
    queries.push({ recordedFrom: '2026-01-01T00:00:00Z' }, { recordedBefore: '2026-01-02T00:00:00Z' })
    const found: (readonly IndexedTerms[])[] = []
    for (const query of queries) found.push(await allOf(store.find(query)))
    const entries = (await allOf(store.entries(0, TEXTS.length)))
      .flat()
      .map(({ entry }) => Buffer.from(entry).toString())
    return JSON.stringify({ head: await store.head(), found, entries })
  } finally {
    await store.close()
  }
}
