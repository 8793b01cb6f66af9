import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'
import { openIndexFile } from './index-file.ts'

const entry = (index: number): LedgerEntry => ({
  index,
  digest: 'd'.repeat(64),
  change: { kind: 'direct', repository: 'r', ref: 'refs/heads/main', object: 'a'.repeat(40), base: null },
  verdict: 'pass',
  controls: [],
  policy: null,
  inputs: 'e'.repeat(64),
  evaluatedAt: '2026-01-01T00:00:00Z',
  recordedAt: '2026-01-01T00:00:00Z',
})
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-index-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const file = (): string => join(folder, 'index.jsonl')

test('an index that is not there is empty', async () => {
  expect(await openIndexFile(folder).load()).toEqual([])
})

test('loads what was appended, in order, and nothing for nothing', async () => {
  const index = openIndexFile(folder)
  await index.append([])
  await index.append([entry(0), entry(1)])
  await index.append([entry(2)])
  expect(await openIndexFile(folder).load()).toEqual([entry(0), entry(1), entry(2)])
})

test('a new index takes the place of the old one as a whole', async () => {
  const index = openIndexFile(folder)
  await index.append([entry(0), entry(1)])
  await index.replace([entry(0)])
  expect(await index.load()).toEqual([entry(0)])
  await index.replace([])
  expect(await index.load()).toEqual([])
})

test.for([
  { name: 'a line cut short', damage: '{"index":2,' },
  { name: 'a line that is no entry', damage: '5\n' },
  { name: 'null', damage: 'null\n' },
  { name: 'an entry out of turn', damage: `${JSON.stringify(entry(7))}\n` },
  { name: 'an empty line', damage: '\n' },
  { name: 'bytes', damage: '\0\xff\n' },
])('gives the part before $name, and what is appended then is not lost behind it', async ({ damage }) => {
  const index = openIndexFile(folder)
  await index.append([entry(0), entry(1)])
  appendFileSync(file(), damage)
  appendFileSync(file(), `${JSON.stringify(entry(2))}\n`)
  expect(await index.load()).toEqual([entry(0), entry(1)])
  await index.append([entry(2)])
  expect(await index.load()).toEqual([entry(0), entry(1), entry(2)])
})

test('every cut of the file gives a part of the index, mended', async () => {
  const index = openIndexFile(folder)
  await index.append([entry(0), entry(1)])
  const whole = readFileSync(file())
  for (let length = 0; length < whole.length; length += 7) {
    writeFileSync(file(), whole.subarray(0, length))
    const entries = await index.load()
    expect([entry(0), entry(1)].slice(0, entries.length)).toEqual(entries)
    expect(readFileSync(file(), 'utf8')).toBe(entries.map((one) => `${JSON.stringify(one)}\n`).join(''))
  }
})

test('says so where the data folder cannot be read or written', async () => {
  writeFileSync(join(folder, 'file'), '')
  const index = openIndexFile(join(folder, 'file'))
  await expect(index.load()).rejects.toMatchObject({ code: 'data_folder_unusable' })
  await expect(index.append([entry(0)])).rejects.toMatchObject({ code: 'data_folder_unusable' })
  await expect(index.replace([])).rejects.toMatchObject({ code: 'data_folder_unusable' })
})
