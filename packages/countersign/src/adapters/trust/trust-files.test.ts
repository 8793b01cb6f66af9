import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTrustFiles } from './trust-files.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-trust-'))
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'huge']) writeFileSync(join(folder, name), name)
  truncateSync(join(folder, 'huge'), 64 * 1024 * 1024 + 1)
  mkdirSync(join(folder, 'folder'))
  symlinkSync('/dev/zero', join(folder, 'endless'))
  symlinkSync('a', join(folder, 'link'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const NONE = { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] }
const at = (name: string): string => join(folder, name)

test.for(['nowhere', 'folder', 'huge', 'endless'])('refuses %s and names it', (name) => {
  for (const kind of ['allowedSigners', 'keyrings', 'x509Roots', 'revoked', 'logKeys']) {
    const problem = { code: 'file_unreadable', message: expect.stringContaining(at(name)) as string }
    const read = (): unknown => readTrustFiles({ ...NONE, [kind]: [at('a'), at(name)] })
    expect(read).toThrow(expect.objectContaining(problem))
  }
})

test('reads each file as what it was named for, in order', () => {
  const files = {
    allowedSigners: [at('b'), at('link')],
    keyrings: [at('c')],
    x509Roots: [at('d')],
    revoked: [at('e')],
    logKeys: [at('f')],
  }
  const { allowedSigners, keyrings, x509Roots, revoked, logKeys = [] } = readTrustFiles(files)
  const texts = [allowedSigners, keyrings, x509Roots, revoked, logKeys].map((parts) =>
    parts.map((part) => Buffer.from(part).toString()),
  )
  expect(texts).toEqual([['b', 'a'], ['c'], ['d'], ['e'], ['f']])
  expect(Object.keys(readTrustFiles({ ...NONE, logKeys: [] }))).toEqual(Object.keys(NONE))
})
