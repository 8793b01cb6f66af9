import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ed25519NoteKey } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { fsckFolder } from './fsck.ts'
import { findingsOf, openOnDisk, testEntries } from './log.fixtures.ts'
import { type MemoryDisk, memoryDisk } from './memory-disk.fixtures.ts'

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
    expect(await findingsOf('/log', await logOf(sizes))).toEqual([])
  })

  test('that Tessera wrote', async () => {
    const folder = fileURLToPath(new URL('../../../../../testdata/tlog/tessera-log', import.meta.url))
    const vkey = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
    const found: string[] = []
    const trust = { origin: 'example.com/log/testdata', keys: [ed25519NoteKey(vkey)] }
    for await (const { file, code } of fsckFolder(folder, trust)) found.push(`${code} ${file}`)
    // Its older checkpoints are kept beside the newest for tests: nothing that a log has.
    const older = readdirSync(folder).filter((name) => name.startsWith('checkpoint.'))
    expect(found.sort()).toEqual(older.map((name) => `stray ${name}`).sort())
    expect(readFileSync(`${folder}/checkpoint`)).toEqual(readFileSync(`${folder}/checkpoint.15`))
  })
})

describe('damage is found and named', () => {
  test('every byte of every file of a small log', async () => {
    for (const [file, bytes] of filesOf(small)) {
      for (let at = 0; at < bytes.length; at++) await expectNamed(small, file, at)
    }
  })

  test('bytes throughout a log with a full tile and a level above it', async () => {
    for (const [file, bytes] of filesOf(large)) {
      for (let at = 0; at < bytes.length; at += 61) await expectNamed(large, file, at)
    }
  })

  test('every file cut short, made longer, emptied or removed', async () => {
    for (const log of [small, large]) {
      for (const [file, bytes] of filesOf(log)) {
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
    const findings = await findingsOf('/log', withFile(small, file, Buffer.from('x')))
    expect(findings).toEqual([{ file, code, message: expect.any(String) }])
  })

  test('a folder where a file belongs', async () => {
    const failing = {
      ...small,
      read: async (path: string) => {
        if (path.endsWith('tile/0/000.p/3')) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
        return small.read(path)
      },
    }
    expect(await findingsOf('/log', failing)).toEqual([
      { file: 'tile/0/000.p/3', code: 'unreadable', message: 'cannot be read (EISDIR)' },
    ])
  })

  test('a tile and a bundle swapped for those of another log, both at once', async () => {
    const other = await logOf([256, 2], 'other')
    for (const file of ['tile/0/000', 'tile/entries/000']) {
      const bytes = other.files.get(`/log/${file}`)
      if (!bytes) throw new Error(`the other log lacks ${file}`)
      expect(await namedIn(withFile(large, file, bytes))).toEqual([file])
    }
    const both = withFile(large, 'tile/0/000', other.files.get('/log/tile/0/000') ?? null)
    const bundle = other.files.get('/log/tile/entries/000') ?? null
    expect(await namedIn(withFile(both, 'tile/entries/000', bundle))).toContain('tile/0/000')
  })

  test('a checkpoint of another tree that the same key signed', async () => {
    const other = await logOf([3], 'other')
    const names = await namedIn(withFile(small, 'checkpoint', other.files.get('/log/checkpoint') ?? null))
    expect(names).toEqual(['checkpoint'])
  })
})

async function logOf(sizes: readonly number[], prefix = ''): Promise<MemoryDisk> {
  const disk = memoryDisk(new Map([['/log', null]]))
  const log = await openOnDisk(disk)
  let next = 0
  for (const size of sizes) {
    await log.append(testEntries(next, size).map((entry) => Buffer.concat([Buffer.from(prefix), entry])))
    next += size
  }
  await log.close()
  return disk
}

function filesOf(disk: MemoryDisk): readonly (readonly [file: string, bytes: Uint8Array])[] {
  return [...disk.files].flatMap(([path, bytes]) =>
    bytes === null ? [] : ([[path.slice('/log/'.length), bytes]] as const),
  )
}

function withFile(disk: MemoryDisk, file: string, bytes: Uint8Array | null): MemoryDisk {
  const files = new Map(disk.files)
  if (bytes === null) files.delete(`/log/${file}`)
  else {
    const parts = file.split('/')
    for (let depth = 1; depth < parts.length; depth++) files.set(`/log/${parts.slice(0, depth).join('/')}`, null)
    files.set(`/log/${file}`, bytes)
  }
  return memoryDisk(files)
}

async function namedIn(disk: MemoryDisk): Promise<readonly string[]> {
  return (await findingsOf('/log', disk)).map(({ file }) => file)
}

async function expectNamed(disk: MemoryDisk, file: string, at: number): Promise<void> {
  const bytes = Uint8Array.from(disk.files.get(`/log/${file}`) ?? [])
  bytes[at] = (bytes[at] as number) ^ 0x10
  expect(await namedIn(withFile(disk, file, bytes)), `byte ${at} of ${file}`).toEqual([file])
}

/** A partial tile that a wider one replaced may be absent. */
function isOutgrown(file: string, disk: MemoryDisk): boolean {
  const [folder, width] = file.split('.p/')
  const wider = [...disk.files.keys()].filter((path) => path.startsWith(`/log/${folder}.p/`))
  return width !== undefined && wider.some((path) => Number(path.split('.p/')[1]) > Number(width))
}
