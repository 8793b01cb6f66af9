import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { utf8 } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeObjectStore } from '../object-store.contract.ts'
import { collected, plain } from '../object-store-model.contract.ts'
import { openFolderObjects } from './object-store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-objects-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describeObjectStore(
  'objects in a folder',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'folder-objects-'))
    return {
      open: async () => openFolderObjects(join(root, 'objects')),
      remove: () => rm(root, { recursive: true, force: true }),
    }
  },
  { holds: false, retention: 'ignored', modelRuns: 40 },
)

describe('a folder of objects', () => {
  test('keeps each object in a file of its path, for its owner alone', async () => {
    const store = openFolderObjects(join(folder, 'new', 'objects'))
    await store.putOnce('tile/0/000', utf8('hello'))
    await store.replace('checkpoint', utf8('size 1'))
    expect(await readFile(join(folder, 'new/objects/tile/0/000'), 'utf8')).toBe('hello')
    const mode = async (path: string): Promise<string> => ((await stat(join(folder, path))).mode & 0o777).toString(8)
    for (const made of ['new', 'new/objects', 'new/objects/tile', 'new/objects/tile/0'])
      expect(await mode(made)).toBe('700')
    for (const made of ['tile/0/000', 'checkpoint']) expect(await mode(`new/objects/${made}`)).toBe('600')
    expect(await readdir(join(folder, 'new/objects/.waiting'))).toEqual([])
  })

  test('reads what is not there as nothing, and makes no folder for it', async () => {
    const store = openFolderObjects(join(folder, 'absent'))
    expect(await store.get('a/b')).toBeNull()
    expect(await collected(store.list(''))).toEqual([])
    await store.remove('a/b')
    expect(await readdir(folder)).toEqual([])
  })

  test('may be reached through a link that its owner made', async () => {
    await mkdir(join(folder, 'real'))
    await symlink(join(folder, 'real'), join(folder, 'link'))
    await openFolderObjects(join(folder, 'link')).putOnce('a/b', utf8('hello'))
    expect(plain(await openFolderObjects(join(folder, 'real')).get('a/b'))).toBe('hello')
  })

  test('follows no link below itself, to read, write, replace, list or remove', async () => {
    const root = join(folder, 'objects')
    const store = openFolderObjects(root)
    await mkdir(join(folder, 'outside'))
    await writeFile(join(folder, 'outside', 'secret'), 'secret')
    await mkdir(root)
    await symlink(join(folder, 'outside'), join(root, 'linked'))
    await symlink(join(folder, 'outside', 'secret'), join(root, 'file'))
    const refused = { code: 'bad_path' }
    for (const path of ['linked/secret', 'file']) {
      await expect(store.get(path)).rejects.toMatchObject(refused)
      await expect(store.putOnce(path, utf8('secret'))).rejects.toMatchObject(refused)
      await expect(store.replace(path, utf8('changed'))).rejects.toMatchObject(refused)
      await expect(store.remove(path)).rejects.toMatchObject(refused)
    }
    await expect(store.putOnce('linked/new', utf8('x'))).rejects.toMatchObject(refused)
    await expect(collected(store.list('linked'))).rejects.toMatchObject(refused)
    expect(await collected(store.list(''))).toEqual([])
    expect(await readFile(join(folder, 'outside', 'secret'), 'utf8')).toBe('secret')
    expect(await readdir(join(folder, 'outside'))).toEqual(['secret'])
  })

  test('does not wait for ever on a pipe that lies where an object belongs', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await expect(openFolderObjects(folder).get('pipe')).rejects.toMatchObject({ code: 'bad_path' })
  })

  test.for(['a', 'a/b/c'])('refuses %s where a folder, or a file, is in the way', async (path) => {
    const store = openFolderObjects(folder)
    await store.putOnce('a/b', utf8('x'))
    await expect(store.putOnce(path, utf8('y'))).rejects.toMatchObject({ code: 'bad_path' })
    await expect(store.replace(path, utf8('y'))).rejects.toMatchObject({ code: 'bad_path' })
    expect(await collected(store.list(''))).toEqual(['a/b'])
  })

  test('passes over files that it did not put there', async () => {
    const store = openFolderObjects(folder)
    await store.putOnce('a/b', utf8('x'))
    await mkdir(join(folder, '.git'))
    await mkdir(join(folder, 'folder of somebody'))
    for (const name of ['.git/config', '.DS_Store', 'a/.b.swp', 'a/b c', 'folder of somebody/d']) {
      await writeFile(join(folder, name), 'not ours')
    }
    expect(await collected(store.list(''))).toEqual(['a/b'])
  })

  test('removes what a process left half-way an hour ago, and nothing that may be in use', async () => {
    const leftover = (ago: number): string => `${Date.now() - ago}-${'0'.repeat(24)}`
    const [old, fresh] = [leftover(2 * 3_600_000), leftover(60_000)]
    await mkdir(join(folder, '.waiting'))
    for (const name of [old, fresh, 'of-somebody']) await writeFile(join(folder, '.waiting', name), 'half')
    await openFolderObjects(folder).putOnce('a', utf8('x'))
    expect((await readdir(join(folder, '.waiting'))).sort()).toEqual([fresh, 'of-somebody'])
  })
})

/** A program that opens the folder and does what `work` says with `store`. */
function program(work: string): readonly string[] {
  const door = JSON.stringify(new URL('./object-store.ts', import.meta.url).href)
  const open = `const store = (await import(${door})).openFolderObjects(process.argv[1])`
  return ['--input-type=module', '--no-warnings', '--eval', `${open}\n${work}`, folder]
}

describe('a folder of objects that several processes use', () => {
  test('gives each path to exactly one of those that put other bytes there at once', async () => {
    const rounds = 60
    const racing = program(`
      const won = []
      for (let at = 0; at < ${rounds}; at++) {
        await store.putOnce(\`race/\${at}\`, Buffer.from(String(process.pid))).then(() => won.push(at), (error) => {
          if (error.code !== 'object_differs') throw error
        })
      }
      console.log(JSON.stringify({ pid: process.pid, won }))`)
    const run = promisify(execFile)
    const racers = await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, racing)))
    const results = racers.map(({ stdout }): { pid: number; won: number[] } => JSON.parse(stdout))
    expect(results.flatMap(({ won }) => won).sort((a, b) => a - b)).toEqual(
      Array.from({ length: rounds }, (_, at) => at),
    )
    const store = openFolderObjects(folder)
    for (const { pid, won } of results) {
      for (const at of won) expect(plain(await store.get(`race/${at}`))).toBe(String(pid))
    }
  })

  test('keeps all that was acknowledged, whole, when its writer is killed', async () => {
    const size = 20_000
    const writing = program(`
      for (let at = 0; ; at++) {
        await store.putOnce(\`\${at % 7}/\${at}\`, Buffer.alloc(${size}, at % 251))
        await store.replace('checkpoint', Buffer.from(String(at)))
        console.log(at)
      }`)
    for (const after of [1, 20, 60]) {
      const writer = spawn(process.execPath, writing, { stdio: ['ignore', 'pipe', 'inherit'] })
      let last = -1
      for await (const line of createInterface({ input: writer.stdout })) {
        last = Number(line)
        if (last >= after) writer.kill('SIGKILL')
      }
      const store = openFolderObjects(folder)
      for (let at = 0; at <= last; at++) {
        expect(
          Buffer.compare((await store.get(`${at % 7}/${at}`)) ?? Buffer.alloc(0), Buffer.alloc(size, at % 251)),
        ).toBe(0)
      }
      expect(Number(plain(await store.get('checkpoint')))).toBeGreaterThanOrEqual(last)
      for await (const path of store.list('')) {
        if (path !== 'checkpoint') expect((await store.get(path))?.length).toBe(size)
      }
    }
  })
})
