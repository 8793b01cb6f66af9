import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openVerifiedMemory } from './verified-memory-file.ts'

const disk = vi.hoisted(() => ({ code: '' }))
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  const writeFileSync: typeof real.writeFileSync = (...args) => {
    if (disk.code !== '') throw Object.assign(new Error('the disk refuses'), { code: disk.code })
    real.writeFileSync(...args)
  }
  return { ...real, writeFileSync }
})

const trust = { allowedSigners: [Buffer.from('a')], keyrings: [], x509Roots: [], revoked: [] }
const remembered = { commits: ['a'.repeat(40)], tags: ['b'.repeat(64)], tally: { 'verdict:pass': 2 } }
const NOTHING = { commits: [], tags: [], tally: {} }
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-memory-'))
})
afterEach(() => {
  disk.code = ''
  rmSync(folder, { recursive: true, force: true })
})

const stored = (): string => join(folder, 'verified', readdirSync(join(folder, 'verified'))[0] ?? '')

test('recalls what was remembered, in a file of its owner alone', async () => {
  const memory = openVerifiedMemory(folder, '/srv/app', trust)
  await memory.remember({ ...remembered, commits: [] })
  await memory.remember(remembered)
  expect(await openVerifiedMemory(folder, '/srv/app', trust).recall()).toEqual(remembered)
  expect(readdirSync(join(folder, 'verified'))).toHaveLength(1)
  expect(statSync(stored()).mode & 0o777).toBe(0o600)
})

test.for([
  { name: 'another repository', at: '/srv/other', by: trust },
  { name: 'another key', at: '/srv/app', by: { ...trust, allowedSigners: [Buffer.from('b')] } },
  {
    name: 'the same bytes as another kind of key',
    at: '/srv/app',
    by: { ...trust, allowedSigners: [], keyrings: trust.allowedSigners },
  },
  { name: 'one more file', at: '/srv/app', by: { ...trust, allowedSigners: [Buffer.from('a'), Buffer.from('')] } },
])('remembers nothing of $name', async ({ at, by }) => {
  await openVerifiedMemory(folder, '/srv/app', trust).remember(remembered)
  expect(await openVerifiedMemory(folder, at, by).recall()).toEqual(NOTHING)
})

const format = 'countersign.dev/verified/v1'
test.for([
  { name: 'nothing', text: '' },
  { name: 'half of it', text: '{"format":' },
  { name: 'null', text: 'null' },
  { name: 'another format', text: JSON.stringify({ ...remembered, format: 'v2' }) },
  { name: 'no tally', text: JSON.stringify({ format, commits: [], tags: [] }) },
  { name: 'a tally of nothing', text: JSON.stringify({ format, commits: [], tags: [], tally: null }) },
  { name: 'a tally of words', text: JSON.stringify({ format, commits: [], tags: [], tally: { a: 'b' } }) },
  { name: 'a verdict that is none', text: JSON.stringify({ format, ...remembered, tally: { 'verdict:fine': 1 } }) },
  { name: 'an id that is none', text: JSON.stringify({ format, ...remembered, commits: ['--all'] }) },
  { name: 'an id of 41 digits', text: JSON.stringify({ format, ...remembered, commits: ['a'.repeat(41)] }) },
  { name: 'ids that are no list', text: JSON.stringify({ format, ...remembered, tags: 'b' }) },
])('recalls nothing, rather than failing, where the file holds $name', async ({ text }) => {
  const memory = openVerifiedMemory(folder, '/srv/app', trust)
  await memory.remember(remembered)
  writeFileSync(stored(), text)
  expect(await memory.recall()).toEqual(NOTHING)
})

test.for([
  { disk: 'ENOSPC', code: 'disk_full' },
  { disk: 'EDQUOT', code: 'disk_full' },
  { disk: 'EROFS', code: 'data_folder_unusable' },
])('a disk that says $disk is $code, and what was remembered stays', async ({ disk: says, code }) => {
  const memory = openVerifiedMemory(folder, '/srv/app', trust)
  await memory.remember(remembered)
  disk.code = says
  await expect(memory.remember({ ...remembered, commits: [] })).rejects.toMatchObject({ code })
  expect(await memory.recall()).toEqual(remembered)
})

test('says so where the data folder cannot be written', async () => {
  writeFileSync(join(folder, 'file'), '')
  const memory = openVerifiedMemory(join(folder, 'file'), '/srv/app', trust)
  expect(await memory.recall()).toEqual(NOTHING)
  await expect(memory.remember(remembered)).rejects.toMatchObject({ code: 'data_folder_unusable' })
})
