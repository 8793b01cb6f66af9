import { expect, test } from 'vitest'
import { FLOORS, findCycles, findFloorViolations, formatViolations } from './floors.ts'
import { isTestOnly, projectFiles, readTexts } from './project-files.ts'

const V = 'packages/verify/src'
const C = 'packages/countersign/src'
const sources = projectFiles().filter((path) => /\.(?:ts|tsx)$/.test(path))

test('the shipped sources keep their floors', () => {
  const texts = readTexts(sources.filter((path) => /^packages\/[^/]+\/src\//.test(path)))
  expect(texts.size).toBeGreaterThan(0)
  expect(formatViolations(findFloorViolations(texts), texts)).toBe('')
})

test('no sources import each other in a circle, not even by their types', () => {
  const texts = readTexts(sources.filter((path) => !isTestOnly(path)))
  expect(formatViolations(findCycles(texts), texts)).toBe('')
})

test('the table names only floors that exist', () => {
  const names = new Set(FLOORS.map(({ name }) => name))
  const used = FLOORS.flatMap(({ uses, usesTypesOf = [] }) => [...uses, ...usesTypesOf])
  expect(used.filter((name) => !names.has(name))).toEqual([])
  expect(names.size).toBe(FLOORS.length)
})

test.for([
  {
    name: 'bytes that know Git',
    file: `${V}/bytes/a.ts`,
    text: "import { a } from '../git/b.ts'",
    rule: 'verify/bytes may not import verify/git',
  },
  {
    name: 'signatures that know Git',
    file: `${V}/signatures/a.ts`,
    text: "import { a } from '../git/b.ts'",
    rule: 'verify/signatures may not import verify/git',
  },
  {
    name: 'signatures that know the log',
    file: `${V}/signatures/ssh/a.ts`,
    text: "import { a } from '../../tlog/b.ts'",
    rule: 'verify/signatures may not import verify/tlog',
  },
  {
    name: 'identity that knows evidence',
    file: `${V}/identity/a.ts`,
    text: "import { a } from '../evidence/b.ts'",
    rule: 'verify/identity may not import verify/evidence',
  },
  {
    name: 'evidence that knows the front door',
    file: `${V}/evidence/a.ts`,
    text: "import { a } from '../index.ts'",
    rule: 'verify/evidence may not import verify',
  },
  {
    name: 'a front door that knows its command',
    file: `${V}/index.ts`,
    text: "export { a } from './cli/main.ts'",
    rule: 'verify may not import verify/cli',
  },
  {
    name: 'a type that climbs',
    file: `${V}/bytes/a.ts`,
    text: "import type { A } from '../git/b.ts'",
    rule: 'verify/bytes may not import verify/git',
  },
  {
    name: 'files in verify',
    file: `${V}/git/a.ts`,
    text: "import { readFileSync } from 'node:fs'",
    rule: 'verify/git may not use node:fs',
  },
  {
    name: 'a package in verify',
    file: `${V}/git/a.ts`,
    text: "import { z } from 'zod'",
    rule: 'verify/git may not use the package zod',
  },
  {
    name: 'network in the auditor command',
    file: `${V}/cli/main.ts`,
    text: "import { get } from 'node:https'",
    rule: 'verify/cli may not use node:https',
  },
  {
    name: 'a judge that hashes',
    file: `${C}/judge/a.ts`,
    text: "import { hash } from 'node:crypto'",
    rule: 'judge may not use node:crypto',
  },
  {
    name: 'a judge that knows a workflow',
    file: `${C}/judge/a.ts`,
    text: "import { a } from '../workflows/b.ts'",
    rule: 'judge may not import workflows',
  },
  {
    name: 'a path into verify',
    file: `${C}/judge/a.ts`,
    text: "import { a } from '../../../verify/src/index.ts'",
    rule: 'packages/verify is imported by its package name, not by path',
  },
  {
    name: 'a side door of verify',
    file: `${C}/judge/a.ts`,
    text: "import { a } from '@countersign/verify/src/git/b.ts'",
    rule: 'judge may not use the package @countersign/verify/src/git/b.ts',
  },
  {
    name: 'a workflow that names an adapter',
    file: `${C}/workflows/a.ts`,
    text: "import { a } from '../adapters/forges/forges.ts'",
    rule: 'workflows may not import adapters',
  },
  {
    name: 'a forge that names a store',
    file: `${C}/adapters/forges/github/a.ts`,
    text: "import { a } from '../../stores/files/b.ts'",
    rule: 'one adapters family may not import another',
  },
  {
    name: 'a report that names an adapter',
    file: `${C}/reports/a.ts`,
    text: "import { a } from '../adapters/stores/stores.ts'",
    rule: 'reports may not import adapters',
  },
  {
    name: 'a command that names an adapter',
    file: `${C}/cli/main.ts`,
    text: "import { a } from '../adapters/stores/stores.ts'",
    rule: 'cli may not import adapters',
  },
  {
    name: 'a server that knows the command line',
    file: `${C}/server/a.ts`,
    text: "import { a } from '../cli/main.ts'",
    rule: 'server may not import cli',
  },
  {
    name: 'a browser that runs the contract',
    file: 'packages/web/src/a.ts',
    text: "import { a } from '../../countersign/src/api/contract.ts'",
    rule: 'web may use the types of api/contract only',
  },
  {
    name: 'a browser that knows a route',
    file: 'packages/web/src/a.ts',
    text: "import type { A } from '../../countersign/src/api/routes.ts'",
    rule: 'packages/countersign is imported by its package name, not by path',
  },
  { name: 'a folder of verify outside the house', file: `${V}/extra/a.ts`, text: '', rule: 'stands on no floor' },
  { name: 'a file outside the house', file: `${C}/extra/a.ts`, text: '', rule: 'stands on no floor' },
  {
    name: 'a test as a part',
    file: `${V}/git/a.ts`,
    text: "import { a } from './b.fixtures.ts'",
    rule: 'is for tests only',
  },
])('refuses $name', ({ file, text, rule }) => {
  const texts = new Map([[file, `\n${text}`]])
  expect(formatViolations(findFloorViolations(texts), texts)).toContain(rule)
})

test.for([
  { name: 'the clock', text: 'const a = Date.now()' },
  { name: 'the clock through Date', text: 'const a = new Date()' },
  { name: 'the clock through performance', text: 'const a = performance.now()' },
  { name: 'the environment', text: 'const a = process.env' },
  { name: 'randomness', text: 'const a = Math.random()' },
  { name: 'random bytes', text: "import { randomBytes } from 'node:crypto'" },
  { name: 'the network', text: "const a = fetch('')" },
  { name: 'a timer', text: 'setTimeout(a, 1)' },
  { name: 'the console', text: 'console.log(1)' },
])('refuses $name in verify and in a judge', ({ text }) => {
  for (const file of [`${V}/git/a.ts`, `${C}/judge/a.ts`]) {
    const texts = new Map([[file, text]])
    expect(formatViolations(findFloorViolations(texts), texts)).toContain('reads no clock')
  }
})

test.for([
  { name: 'a date made from a number', file: `${V}/git/a.ts`, text: 'const a = new Date(0)' },
  { name: 'a word in a comment', file: `${V}/git/a.ts`, text: '/** Unlike Date.now(). */' },
  { name: 'hashing in verify', file: `${V}/git/a.ts`, text: "import { hash } from 'node:crypto'" },
  {
    name: 'a certificate with a log proof',
    file: `${V}/signatures/x509/a.ts`,
    text: "import { a } from '../../tlog/b.ts'",
  },
  { name: 'a clock in the auditor command', file: `${V}/cli/main.ts`, text: 'const a = Date.now()' },
  { name: 'a judge on verify', file: `${C}/judge/a.ts`, text: "import { a } from '@countersign/verify'" },
  {
    name: 'an adapter on its port',
    file: `${C}/adapters/forges/a.ts`,
    text: "import type { A } from '../../workflows/ports/b.ts'",
  },
  { name: 'a family within itself', file: `${C}/adapters/forges/forges.ts`, text: "import { a } from './github/a.ts'" },
  { name: 'the wire', file: `${C}/wire.ts`, text: "import { a } from './adapters/forges/forges.ts'" },
  {
    name: 'a browser with the contract',
    file: 'packages/web/src/a.ts',
    text: "import type { A } from '../../countersign/src/api/contract.ts'",
  },
  { name: 'a test that reads vectors', file: `${V}/git/a.test.ts`, text: "import { readFileSync } from 'node:fs'" },
])('allows $name', ({ file, text }) => {
  expect(findFloorViolations(new Map([[file, text]]))).toEqual([])
})

test('names the file and the line of a violation', () => {
  const texts = new Map([[`${V}/git/a.ts`, "import { hash } from 'node:crypto'\nimport { get } from 'node:http'\n"]])
  expect(formatViolations(findFloorViolations(texts), texts)).toBe(
    "packages/verify/src/git/a.ts:2: import { get } from 'node:http'\n" +
      '    verify/git may not use node:http (it may use node:crypto, node:zlib, node:buffer)',
  )
})

test('finds a cycle of three, and one that a type closes', () => {
  const texts = new Map([
    ['a/a.ts', "import { b } from './b.ts'"],
    ['a/b.ts', "\nimport { c } from '../c.ts'"],
    ['c.ts', "import { a } from './a/a.ts'"],
    ['d.ts', "import type { E } from './e.ts'"],
    ['e.ts', "import { d } from './d.ts'"],
  ])
  expect(findCycles(texts)).toEqual([
    { file: 'c.ts', line: 1, rule: 'closes the import cycle a/a.ts → a/b.ts → c.ts → a/a.ts' },
    { file: 'e.ts', line: 1, rule: 'closes the import cycle d.ts → e.ts → d.ts' },
  ])
})
