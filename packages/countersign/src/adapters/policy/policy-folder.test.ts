import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readPolicyFolder } from './policy-folder.ts'

const at = (name: string): string => join(folder, name)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-policy-'))
  writeFileSync(at('policy.yaml'), 'apiVersion: countersign.dev/v1\nkind: Policy\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('policy_malformed', () => {
  test('a revoked_keys that is a link, whose revocations would not count', async () => {
    mkdirSync(at('keys'))
    writeFileSync(at('revoked'), '')
    symlinkSync(at('revoked'), at('keys/revoked_keys'))
    await expect(readPolicyFolder(folder)).rejects.toMatchObject({
      code: 'policy_malformed',
      message: 'keys/revoked_keys: is neither a file nor a folder',
    })
  })

  test('a keys that is a link', async () => {
    mkdirSync(at('elsewhere'))
    symlinkSync(at('elsewhere'), at('keys'))
    await expect(readPolicyFolder(folder)).rejects.toMatchObject({
      code: 'policy_malformed',
      message: 'keys: is neither a file nor a folder',
    })
  })

  test('a revocation under another name', async () => {
    mkdirSync(at('keys/old'), { recursive: true })
    writeFileSync(at('keys/old/revoked-keys.pub'), '')
    await expect(readPolicyFolder(folder)).rejects.toMatchObject({
      code: 'policy_malformed',
      message: expect.stringMatching(/^keys\/old\/revoked-keys\.pub: is none of allowed_signers, revoked_keys, /),
    })
  })
})

test('policy_absent: a folder that is not there', async () => {
  await expect(readPolicyFolder(at('none'))).rejects.toMatchObject({ code: 'policy_absent' })
})

test('a folder in order is read, words for people and empty folders below keys too', async () => {
  mkdirSync(at('keys/team'), { recursive: true })
  for (const name of ['keys/README.md', 'keys/.gitkeep']) writeFileSync(at(name), '')
  expect((await readPolicyFolder(folder)).bundle.source).toEqual({ kind: 'folder' })
})
