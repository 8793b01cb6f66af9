import { createHmac } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'
import { openIndexFile, readIndexFile } from './index-file.ts'

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
const KEY = Buffer.alloc(32, 1)
const lineOf = (one: LedgerEntry, key = KEY): string => {
  const json = JSON.stringify(one)
  return `{"mac":"${createHmac('sha256', key).update(json).digest('hex')}","entry":${json}}\n`
}
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-index-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const file = (): string => join(folder, 'index.jsonl')

test('an index that is not there is empty', async () => {
  expect(await openIndexFile(folder, KEY).load()).toEqual([])
})

test('loads what was appended, in order, and nothing for nothing', async () => {
  const index = openIndexFile(folder, KEY)
  await index.append([])
  await index.append([entry(0), entry(1)])
  await index.append([entry(2)])
  expect(await openIndexFile(folder, KEY).load()).toEqual([entry(0), entry(1), entry(2)])
})

test.for([
  { name: 'a line cut short', damage: '{"index":2,' },
  { name: 'a line that is no entry', damage: '5\n' },
  { name: 'null', damage: 'null\n' },
  { name: 'an entry out of turn', damage: lineOf(entry(7)) },
  { name: 'an entry without a code of ours', damage: `${JSON.stringify(entry(2))}\n` },
  { name: 'an entry with the code of another key', damage: lineOf(entry(2), Buffer.alloc(32, 2)) },
  {
    name: 'an entry whose verdict was forged',
    damage: lineOf({ ...entry(2), verdict: 'fail' }).replace('fail', 'pass'),
  },
  { name: 'an entry whose change was forged', damage: lineOf(entry(2)).replace('heads/main', 'heads/free') },
  { name: 'an empty line', damage: '\n' },
  { name: 'bytes', damage: '\0\xff\n' },
])('gives the part before $name, and what is appended then is not lost behind it', async ({ damage }) => {
  const index = openIndexFile(folder, KEY)
  await index.append([entry(0), entry(1)])
  appendFileSync(file(), damage)
  appendFileSync(file(), lineOf(entry(2)))
  expect(await index.load()).toEqual([entry(0), entry(1)])
  await index.append([entry(2)])
  expect(await index.load()).toEqual([entry(0), entry(1), entry(2)])
})

test('every cut of the file gives a part of the index, mended', async () => {
  const index = openIndexFile(folder, KEY)
  await index.append([entry(0), entry(1)])
  const whole = readFileSync(file())
  for (let length = 0; length < whole.length; length += 7) {
    writeFileSync(file(), whole.subarray(0, length))
    const entries = await index.load()
    expect([entry(0), entry(1)].slice(0, entries.length)).toEqual(entries)
    expect(readFileSync(file(), 'utf8')).toBe(entries.map((one) => lineOf(one)).join(''))
  }
})

test('says so where the data folder cannot be read or written', async () => {
  writeFileSync(join(folder, 'file'), '')
  const index = openIndexFile(join(folder, 'file'), KEY)
  await expect(index.load()).rejects.toMatchObject({ code: 'data_folder_unusable' })
  await expect(index.append([entry(0)])).rejects.toMatchObject({ code: 'data_folder_unusable' })
})

test('whoever only reads gets the part before the damage, and leaves it', async () => {
  await openIndexFile(folder, KEY).append([entry(0)])
  appendFileSync(file(), '{"index":1}\n')
  const before = readFileSync(file())
  const index = await readIndexFile(folder, KEY)
  expect(await index.load()).toEqual([entry(0)])
  await index.append([entry(1)])
  expect(readFileSync(file())).toEqual(before)
})

test.for([
  { name: 'the line that the log would give', text: lineOf(entry(0)), lines: 1, differs: false },
  { name: 'nothing', text: '', lines: 0, differs: false },
  { name: 'a line that a crash cut short', text: lineOf(entry(0)).slice(0, 200), lines: 0, differs: false },
  { name: 'the beginning of another line', text: '{"mac":"x', lines: 0, differs: true },
  { name: 'another verdict', text: lineOf(entry(0)).replace('pass', 'fail'), lines: 1, differs: true },
  { name: 'another key', text: lineOf(entry(0), Buffer.alloc(32, 2)), lines: 1, differs: true },
  { name: 'an empty line', text: '\n', lines: 1, differs: true },
])('$name in the index differs from the log: $differs', async ({ text, lines, differs }) => {
  writeFileSync(file(), text)
  const witness = await readIndexFile(folder, KEY)
  expect([witness.lines, witness.differs(entry(0))]).toEqual([lines, differs])
})
