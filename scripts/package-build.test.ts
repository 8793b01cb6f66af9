import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { buildPackage, publishedManifest, requireCleanTree, requireOneVersion } from './package-build.ts'
import { PROJECT_ROOT } from './project-files.ts'

const scratch = mkdtempSync(join(tmpdir(), 'countersign-build-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const OFFLINE = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']

test('@countersign/verify installs into an empty folder without a network and answers there', {
  timeout: 60_000,
}, () => {
  const target = join(scratch, 'verify')
  const root = houseAround(join(scratch, 'house'))
  buildPackage(root, join(PROJECT_ROOT, 'packages/verify'), target, {})
  const archive = npm(target, ['pack', '--pack-destination', scratch]).trim().split('\n').at(-1) ?? ''
  const empty = join(scratch, 'empty')
  writeTree(empty, { 'package.json': '{"name":"auditor","version":"1.0.0","type":"module"}' })
  npm(empty, ['install', ...OFFLINE, join(scratch, archive)])
  expect(readdirSync(join(empty, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@countersign'])
  const program = "import * as verify from '@countersign/verify'; console.log(Object.keys(verify).length)"
  const exported = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: empty,
    encoding: 'utf8',
  })
  expect(Number(exported)).toBeGreaterThan(0)
  const shipped = readdirSync(join(empty, 'node_modules/@countersign/verify'), { recursive: true, encoding: 'utf8' })
  expect(shipped.filter((path) => /\.(?:test|contract|fixtures)\.|[^d]\.ts$|tsconfig/.test(path))).toEqual([])
  expect(shipped).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'README.md', 'package.json']))
})

test('a package that needs another is compiled against what that one ships', { timeout: 60_000 }, () => {
  const root = houseAround(join(scratch, 'pair'))
  writeTree(root, {
    'a/package.json': '{"name":"a","version":"1.0.0","type":"module","exports":{".":"./src/index.ts"}}',
    'a/src/index.ts': "export { one } from './one.ts'\n",
    'a/src/one.ts': 'export const one: number = 1\n',
    'a/src/one.test.ts': "import { one } from './one.ts'\none satisfies 1\n",
    'b/package.json':
      '{"name":"b","version":"1.0.0","type":"module","bin":{"b":"./bin/b.js"},"dependencies":{"a":"1.0.0"}}',
    'b/bin/b.js': "#!/usr/bin/env node\nawait import('../src/main.js')\n",
    'b/src/main.ts': "import { one } from 'a'\nconsole.log(one + 1)\n",
  })
  buildPackage(root, join(root, 'a'), join(root, 'out/node_modules/a'), {})
  buildPackage(root, join(root, 'b'), join(root, 'out/b'), { a: join(root, 'out/node_modules/a') })
  expect(execFileSync(process.execPath, [join(root, 'out/b/bin/b.js')], { encoding: 'utf8' })).toBe('2\n')
  expect(readdirSync(join(root, 'out/node_modules/a/src')).sort()).toEqual([
    'index.d.ts',
    'index.js',
    'one.d.ts',
    'one.js',
  ])
  expect(readdirSync(join(root, 'out/b/src')).sort()).toEqual(['main.d.ts', 'main.js'])
})

test.for([
  { name: 'a type error', files: { 'src/index.ts': "export const a: number = 'a'\n" }, code: 'not_compiled' },
  {
    name: 'a starter that is not there',
    files: { 'src/index.ts': 'export const a = 1\n' },
    bin: true,
    code: 'file_missing',
  },
])('refuses $name with $code', ({ files, bin, code }) => {
  const root = houseAround(join(scratch, code))
  const manifest = { name: 'a', version: '1.0.0', type: 'module', ...(bin && { bin: { a: './bin/a.js' } }) }
  writeTree(join(root, 'a'), { 'package.json': JSON.stringify(manifest), ...files })
  expect(() => buildPackage(root, join(root, 'a'), join(root, 'out'), {})).toThrow(expect.objectContaining({ code }))
})

test.for([
  {
    name: 'two versions',
    manifests: [
      { name: 'a', version: '1.0.0' },
      { name: 'b', version: '1.0.1' },
    ],
  },
  {
    name: 'a need for another version',
    manifests: [
      { name: 'a', version: '1.0.0' },
      { name: 'b', version: '1.0.0', dependencies: { a: '0.9.0' } },
    ],
  },
])('refuses $name with version_mismatch', ({ manifests }) => {
  expect(() => requireOneVersion(manifests)).toThrow(expect.objectContaining({ code: 'version_mismatch' }))
})

test('the manifests of this house carry one version', () => {
  const manifests = ['', 'packages/verify', 'packages/countersign', 'packages/web'].map((folder) =>
    JSON.parse(readFileSync(join(PROJECT_ROOT, folder, 'package.json'), 'utf8')),
  )
  expect(() => requireOneVersion(manifests)).not.toThrow()
})

test('refuses a work tree with a new file with dirty', () => {
  const root = join(scratch, 'tree')
  mkdirSync(root)
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  expect(() => requireCleanTree(root)).not.toThrow()
  writeFileSync(join(root, 'a'), 'a')
  expect(() => requireCleanTree(root)).toThrow(expect.objectContaining({ code: 'dirty' }))
})

test('publishes JavaScript, and nothing that development alone needs', () => {
  const manifest = {
    name: 'a',
    version: '1.0.0',
    exports: { '.': './src/index.ts' },
    scripts: {},
    devDependencies: { b: '1.0.0' },
  }
  expect(publishedManifest(manifest)).toEqual({
    name: 'a',
    version: '1.0.0',
    exports: { '.': { types: './src/index.d.ts', default: './src/index.js' } },
    files: ['src', 'bin', 'README.md', 'LICENSE', 'NOTICE'],
  })
})

test('a package that is inlined is in the bundle with its licence, and no longer a dependency', {
  timeout: 60_000,
}, () => {
  const root = houseAround(join(scratch, 'inlined'))
  writeTree(root, {
    'c/package.json':
      '{"name":"c","version":"1.0.0","type":"module","bin":{"c":"./bin/c.js"},"dependencies":{"commander":"1.0.0","zod":"1.0.0"},"bundle":["src/main.js"],"inlined":["commander"],"together":["part.js"]}',
    'c/bin/c.js': "#!/usr/bin/env node\nawait import('../src/main.cjs')\n",
    'c/src/main.ts':
      "import { Command } from 'commander'\nimport('./part.ts').then(({ part }) => console.log(new Command(part).name()))\n",
    'c/src/part.ts': "export const part = 'inside'\n",
  })
  const target = join(scratch, 'alone')
  buildPackage(root, join(root, 'c'), target, {})
  expect(readFileSync(join(target, 'licenses/commander.txt'), 'utf8')).toContain('MIT')
  expect(JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'))).toMatchObject({
    dependencies: { zod: '1.0.0' },
    files: ['src', 'bin', 'README.md', 'LICENSE', 'NOTICE', 'licenses'],
  })
  expect(readdirSync(join(target, 'src')).filter((name) => name.startsWith('together-'))).toHaveLength(1)
  // No installed packages lie above it.
  expect(execFileSync(process.execPath, [join(target, 'bin/c.js')], { encoding: 'utf8' })).toBe('inside\n')
})

/** A root with what every package ships, so that a build does not depend on the pages of this house. */
function houseAround(folder: string): string {
  writeTree(folder, {
    LICENSE: 'licence',
    NOTICE: 'notice',
    'README.md': '# read me',
    'tsconfig.json': readFileSync(join(PROJECT_ROOT, 'tsconfig.json'), 'utf8'),
  })
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function writeTree(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

function npm(cwd: string, args: readonly string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
