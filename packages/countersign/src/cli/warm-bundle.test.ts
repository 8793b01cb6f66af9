import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LOADER = fileURLToPath(new URL('../../bin/warm-bundle.cjs', import.meta.url))

let folder: string
let kept: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-warm-'))
  kept = join(folder, 'kept')
  writeFileSync(join(folder, 'part.cjs'), 'let calls = 0\nexports.count = () => ++calls\nexports.where = __filename\n')
  bundle(
    "module.exports = () => [require('./part.cjs').count(), require('./part.cjs').count(), require('node:path').sep]",
  )
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function bundle(body: string): void {
  writeFileSync(join(folder, 'main.cjs'), `const part = require('./part.cjs')\n${body}\n`)
}

/** Loads the bundle in a process of its own, calls what it exports, and returns what that printed. */
function run(): unknown {
  const program = `const { loadBundle } = require(${JSON.stringify(LOADER)})
    const main = loadBundle(${JSON.stringify(join(folder, 'main.cjs'))}, ${JSON.stringify(kept)})
    Promise.resolve(main()).then((said) => console.log(JSON.stringify(said)))`
  return JSON.parse(
    execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  )
}

const files = (): readonly string[] => (existsSync(kept) ? readdirSync(kept).sort() : [])
const bytes = (): readonly Buffer[] => files().map((name) => readFileSync(join(kept, name)))

test('a bundle is loaded the same with and without what was kept, each part of it once', () => {
  expect(run()).toEqual([1, 2, '/'])
  expect(files()).toHaveLength(2)
  expect(files().every((name) => /^[0-9a-f]{64}\.v8$/.test(name))).toBe(true)
  expect(files().map((name) => statSync(join(kept, name)).mode & 0o777)).toEqual([0o600, 0o600])
  const before = bytes()
  expect(run()).toEqual([1, 2, '/'])
  expect(bytes()).toEqual(before)
})

test('a changed bundle is another one: what was kept of the old does not count', () => {
  run()
  bundle("module.exports = () => 'changed'")
  expect(run()).toBe('changed')
  expect(files()).toHaveLength(3)
})

test.for([
  { name: 'nothing', damage: () => Buffer.alloc(0) },
  { name: 'half', damage: (code: Buffer) => code.subarray(0, code.length >> 1) },
  { name: 'other bytes', damage: (code: Buffer) => Buffer.alloc(code.length, 7) },
])('where $name is left of what was kept, the bundle is compiled again and kept again', ({ damage }) => {
  run()
  const before = bytes().map(({ length }) => length)
  for (const name of files()) writeFileSync(join(kept, name), damage(readFileSync(join(kept, name))))
  expect(run()).toEqual([1, 2, '/'])
  expect(bytes().map(({ length }) => length)).toEqual(before)
})

test('what is older than a day is kept anew, with what was called since', () => {
  bundle('module.exports = () => Date.now() < 1\nexports.unused = () => [1, 2, 3].map((n) => n * 2)')
  run()
  const yesterday = (Date.now() - 90_000_000) / 1000
  for (const name of files()) utimesSync(join(kept, name), yesterday, yesterday)
  run()
  for (const name of files()) expect(Date.now() - statSync(join(kept, name)).mtimeMs).toBeLessThan(60_000)
})

test('where nothing can be kept the bundle runs all the same', () => {
  writeFileSync(kept, '')
  expect(run()).toEqual([1, 2, '/'])
})

test('a process that goes on keeps its code when it has run for a second', () => {
  const look = `require('node:fs').readdirSync(${JSON.stringify(kept)})`
  bundle(`module.exports = () => new Promise((done) => setTimeout(() => done(${look}), 1_500))`)
  expect(run()).toHaveLength(2)
})

test('a bundle can import what is not part of it', () => {
  writeFileSync(join(folder, 'outside.mjs'), 'export const outside = 1\n')
  bundle("module.exports = async () => (await import('./outside.mjs')).outside")
  expect(run()).toBe(1)
})
