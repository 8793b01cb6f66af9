import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PROJECT_ROOT } from './project-files.ts'

const LOCK = JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } })
const RECORD_INSTALL = '/bin/mkdir -p node_modules/.bin && /bin/cp package-lock.json node_modules/.package-lock.json'
const OLD_NODE = "data:text/javascript,Object.defineProperty(process,'version',{value:'v20.20.2'})"

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'countersign-setup-'))
  mkdirSync(join(root, 'scripts'))
  mkdirSync(join(root, 'bin'))
  copyFileSync(join(PROJECT_ROOT, 'scripts/setup.mjs'), join(root, 'scripts/setup.mjs'))
  writeFileSync(join(root, 'package-lock.json'), LOCK)
})
afterEach(() => rmSync(root, { recursive: true }))

/** Runs setup in the scratch folder, where a program exists only if the row says what it does. */
function runSetup(programs: Readonly<Record<string, string>>, nodeOptions: readonly string[] = []) {
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }
  return spawnSync(process.execPath, [...nodeOptions, join(root, 'scripts/setup.mjs')], {
    env: { PATH: join(root, 'bin') },
    encoding: 'utf8',
  })
}

test.for([
  { code: 'git_missing', programs: {} },
  { code: 'npm_missing', programs: { git: ':' } },
  { code: 'install_failed', programs: { git: ':', npm: 'exit 1' } },
  { code: 'install_incomplete', programs: { git: ':', npm: ':' } },
  {
    code: 'node_unusable',
    programs: {
      git: ':',
      npm: `${RECORD_INSTALL} && printf '#!/bin/sh\\nexit 127\\n' > node_modules/.bin/node && /bin/chmod +x node_modules/.bin/node`,
    },
  },
  { code: 'node_too_old', programs: { git: ':', npm: RECORD_INSTALL }, nodeOptions: ['--import', OLD_NODE] },
])('stops with $code, in plain words and on stderr', ({ code, programs, nodeOptions }) => {
  const { status, stdout, stderr } = runSetup(programs, nodeOptions)
  expect(stderr).toContain(`error[setup_${code}]: `)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
})

test('installs what is missing once, and then says nothing', () => {
  const programs = { git: ':', npm: RECORD_INSTALL }
  const first = runSetup(programs)
  expect(first.stderr).toContain('countersign: installing the locked npm packages (no packages are installed)')
  expect({ status: first.status, stdout: first.stdout }).toEqual({ status: 0, stdout: '' })
  const second = runSetup(programs)
  expect({ status: second.status, said: second.stdout + second.stderr }).toEqual({ status: 0, said: '' })
})

test('keeps to the lock, runs no install script and writes nothing back', () => {
  const { stderr } = runSetup({ git: ':', npm: `echo "npm $*" && ${RECORD_INSTALL}` })
  expect(stderr).toMatch(/^npm install --no-save --ignore-scripts /m)
})
