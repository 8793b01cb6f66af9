import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ed25519NoteKey } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'
import { openFolderObjects } from '../stores/folder/object-store.ts'
import { memoryObjects } from '../stores/memory/object-store.ts'
import { fsckTiles } from './fsck.ts'
import { evidenceOf, findingsOf, openTestLog, testEntries, testGround } from './log.fixtures.ts'

const small = await logOf([2, 1])
const large = await logOf([3, 252, 3])

describe('a sound log has no findings', () => {
  test.for([
    { name: 'empty', sizes: [] },
    { name: 'of one entry', sizes: [1] },
    { name: 'of exactly one tile', sizes: [256] },
    { name: 'grown one by one', sizes: [1, 1, 1] },
    { name: 'grown across a tile', sizes: [250, 10, 1] },
    { name: 'of two levels', sizes: [1_000, 24, 7] },
  ])('$name', async ({ sizes }) => {
    expect(await findingsOf(await storeOf(await logOf(sizes)))).toEqual([])
  })

  test('that Tessera wrote', async () => {
    const folder = fileURLToPath(new URL('../../../../../testdata/tlog/tessera-log', import.meta.url))
    const vkey = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
    const found: string[] = []
    const trust = { origin: 'example.com/log/testdata', keys: [ed25519NoteKey(vkey)] }
    for await (const { file, code } of fsckTiles(openFolderObjects(folder), trust)) found.push(`${code} ${file}`)
    // Its older checkpoints are kept beside the newest for tests: nothing that a log has.
    const older = readdirSync(folder).filter((name) => name.startsWith('checkpoint.'))
    expect(found.sort()).toEqual(older.map((name) => `stray ${name}`).sort())
    expect(readFileSync(`${folder}/checkpoint`)).toEqual(readFileSync(`${folder}/checkpoint.15`))
  })
})

describe('damage is found and named', () => {
  test('every byte of every file of a small log', async () => {
    for (const [file, bytes] of small) {
      for (let at = 0; at < bytes.length; at++) await expectNamed(small, file, at)
    }
  })

  test('bytes throughout a log with a full tile and a level above it', async () => {
    for (const [file, bytes] of large) {
      for (let at = 0; at < bytes.length; at += 61) await expectNamed(large, file, at)
    }
  })

  test('every file cut short, made longer, emptied or removed', async () => {
    for (const log of [small, large]) {
      for (const [file, bytes] of log) {
        for (const changed of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.alloc(1)]), Buffer.alloc(0), null]) {
          if (changed === null && isOutgrown(file, log)) continue
          const names = await namedIn(withFile(log, file, changed))
          expect(names, `${file} of ${changed?.length ?? 'no'} bytes`).toEqual([file])
        }
      }
    }
  })

  test.for([
    { name: 'a stray file', file: 'notes.txt', code: 'stray' },
    { name: 'a stray file among the tiles', file: 'tile/0/000.txt', code: 'stray' },
    { name: 'a level that cannot be', file: 'tile/data/000', code: 'stray' },
    { name: 'a width that cannot be', file: 'tile/0/000.p/999', code: 'stray' },
    { name: 'a tile beyond the checkpoint', file: 'tile/0/000.p/7', code: 'beyond_checkpoint' },
    { name: 'a full tile beyond the checkpoint', file: 'tile/0/000', code: 'beyond_checkpoint' },
    { name: 'a tile far beyond the checkpoint', file: 'tile/entries/x001/000', code: 'beyond_checkpoint' },
    { name: 'a level beyond the checkpoint', file: 'tile/1/000.p/1', code: 'beyond_checkpoint' },
  ])('$name', async ({ file, code }) => {
    const findings = await findingsOf(await storeOf(withFile(small, file, Buffer.from('x'))))
    expect(findings).toEqual([{ file, code, message: expect.any(String) }])
  })

  test('a folder where a file belongs', async () => {
    const objects = await storeOf(small)
    const get = async (path: string) => {
      if (path === 'tile/0/000.p/3') throw new ObjectStoreError('bad_path', 'it is a folder')
      return objects.get(path)
    }
    expect(await findingsOf({ ...objects, get })).toEqual([
      { file: 'tile/0/000.p/3', code: 'unreadable', message: 'cannot be read: it is a folder' },
    ])
  })

  test('a tile and a bundle swapped for those of another log, both at once', async () => {
    const other = await logOf([256, 2], 'other')
    for (const file of ['tile/0/000', 'tile/entries/000']) {
      const bytes = other.get(file)
      if (!bytes) throw new Error(`the other log lacks ${file}`)
      expect(await namedIn(withFile(large, file, bytes))).toEqual([file])
    }
    const both = withFile(large, 'tile/0/000', other.get('tile/0/000') ?? null)
    const bundle = other.get('tile/entries/000') ?? null
    expect(await namedIn(withFile(both, 'tile/entries/000', bundle))).toContain('tile/0/000')
  })

  test('a checkpoint of another tree that the same key signed', async () => {
    const other = await logOf([3], 'other')
    const names = await namedIn(withFile(small, 'checkpoint', other.get('checkpoint') ?? null))
    expect(names).toEqual(['checkpoint'])
  })
})

type Files = ReadonlyMap<string, Uint8Array>

/** The files of a log that was appended to step by step, each step published. */
async function logOf(sizes: readonly number[], prefix = ''): Promise<Files> {
  const ground = testGround()
  let next = 0
  for (const size of [...sizes, 0]) {
    const log = await openTestLog(ground)
    await log.append(testEntries(next, size).map((entry) => evidenceOf(Buffer.concat([Buffer.from(prefix), entry]))))
    await log.close()
    next += size
  }
  const files = new Map<string, Uint8Array>()
  for await (const path of ground.objects.list('')) files.set(path, (await ground.objects.get(path)) as Uint8Array)
  return files
}

async function storeOf(files: Files): Promise<ObjectStore> {
  const objects = memoryObjects()
  for (const [path, bytes] of files) await objects.putOnce(path, bytes)
  return objects
}

function withFile(log: Files, file: string, bytes: Uint8Array | null): Files {
  const files = new Map(log)
  if (bytes === null) files.delete(file)
  else files.set(file, bytes)
  return files
}

async function namedIn(log: Files): Promise<readonly string[]> {
  return (await findingsOf(await storeOf(log))).map(({ file }) => file)
}

async function expectNamed(log: Files, file: string, at: number): Promise<void> {
  const bytes = Uint8Array.from(log.get(file) ?? [])
  bytes[at] = (bytes[at] as number) ^ 0x10
  expect(await namedIn(withFile(log, file, bytes)), `byte ${at} of ${file}`).toEqual([file])
}

/** A partial tile that a wider one replaced may be absent. */
function isOutgrown(file: string, log: Files): boolean {
  const [folder, width] = file.split('.p/')
  const wider = [...log.keys()].filter((path) => path.startsWith(`${folder}.p/`))
  return width !== undefined && wider.some((path) => Number(path.split('.p/')[1]) > Number(width))
}
