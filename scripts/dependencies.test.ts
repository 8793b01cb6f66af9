import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  directDependencies,
  findForbiddenLicences,
  findLoosePins,
  lockedPackages,
  type Manifest,
  parseDependencyTable,
} from './dependencies.ts'
import { PROJECT_ROOT, projectFiles } from './project-files.ts'

const read = (path: string): string => readFileSync(join(PROJECT_ROOT, path), 'utf8')
const manifests: readonly Manifest[] = projectFiles()
  .filter((path) => /^(?:packages\/[^/]+\/)?package\.json$/.test(path))
  .map((path) => JSON.parse(read(path)))
const direct = directDependencies(manifests)
const rows = parseDependencyTable(read('docs/dependencies.md'))
const locked = lockedPackages(JSON.parse(read('package-lock.json')))

test('every dependency is pinned to one version', () => {
  expect(manifests.length).toBeGreaterThanOrEqual(4)
  expect(findLoosePins(manifests)).toEqual([])
})

test('@countersign/verify needs no package at run time', () => {
  const verify = manifests.find(({ name }) => name === '@countersign/verify')
  expect(verify).toBeDefined()
  expect(directDependencies(verify ? [verify] : []).filter(({ isDev }) => !isDev)).toEqual([])
})

test('docs/dependencies.md lists each direct dependency once, with a reason', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual([...new Set(direct.map(({ name }) => name))].sort())
  expect(rows.filter(({ reason, use }) => reason.length < 10 || use === '')).toEqual([])
})

test('docs/dependencies.md states the licences that the packages state', () => {
  const stated = Object.fromEntries(rows.map(({ name, licence }) => [name, licence]))
  const actual = Object.fromEntries(rows.map(({ name }) => [name, installedLicence(name)]))
  expect(stated).toEqual(actual)
})

test('every locked package may be used as we use it', () => {
  expect(locked.length).toBeGreaterThan(direct.length)
  expect(findForbiddenLicences(locked)).toEqual([])
})

test.for([
  { name: 'a caret', version: '^1.2.3' },
  { name: 'a range', version: '>=1.2.3' },
  { name: 'a tag', version: 'latest' },
  { name: 'a host', version: 'git+https://example.com/a.git' },
  { name: 'two numbers', version: '1.2' },
])('refuses $name as a pin', ({ version }) => {
  expect(findLoosePins([{ name: 'a', dependencies: { b: version } }])).toHaveLength(1)
})

test.for([
  { name: 'a copyleft package in what we ship', licence: 'LGPL-3.0+', isDev: false, found: 1 },
  { name: 'a package without a licence', licence: '', isDev: true, found: 1 },
  { name: 'an unknown licence', licence: 'SSPL-1.0', isDev: true, found: 1 },
  { name: 'a copyleft tool', licence: 'LGPL-3.0+', isDev: true, found: 0 },
  { name: 'a permissive package', licence: 'ISC', isDev: false, found: 0 },
])('judges $name', ({ licence, isDev, found }) => {
  expect(findForbiddenLicences([{ name: 'a', licence, isDev }])).toHaveLength(found)
})

/** The licence of the installed package, or the locked one where the package is for another platform. */
function installedLicence(name: string): string {
  const manifest = `node_modules/${name}/package.json`
  if (existsSync(join(PROJECT_ROOT, manifest))) return JSON.parse(read(manifest)).license
  return locked.find((entry) => entry.name === name)?.licence ?? 'not locked'
}
