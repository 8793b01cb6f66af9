import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { senderKeys } from './sender-keys.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'senders-')), 'keys', 'senders')
})
afterEach(() => rmSync(join(folder, '..', '..'), { recursive: true, force: true }))

function pemOf(): string {
  return String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }))
}

describe('refused, and nobody is trusted', () => {
  test.for([
    { name: 'no key', pem: () => 'hello' },
    {
      name: 'a key of another kind',
      pem: () => String(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' })),
    },
    {
      name: 'a private key',
      pem: () => String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
    },
    { name: 'a file that is too long', pem: () => `${pemOf()}${' '.repeat(5_000)}` },
  ])('sender_key_malformed: $name', async ({ pem }) => {
    const given = pem()
    await expect(senderKeys(folder).trust('ci', given)).rejects.toMatchObject({
      code: 'sender_key_malformed',
      message: expect.not.stringContaining(given.slice(0, 60)),
    })
    expect(await senderKeys(folder).list()).toEqual([])
  })

  test.for(['', '../ci', 'CI', '.ci', 'a/b', 'x'.repeat(64)])('usage: the name "%s"', async (name) => {
    await expect(senderKeys(folder).trust(name, pemOf())).rejects.toMatchObject({ code: 'usage' })
  })

  test('already_there: another key under a name, or a key under another name, also a retired one', async () => {
    const [senders, pem] = [senderKeys(folder), pemOf()]
    await senders.trust('ci', pem)
    await expect(senders.trust('ci', pemOf())).rejects.toMatchObject({ code: 'already_there' })
    await expect(senders.trust('other', pem)).rejects.toMatchObject({ code: 'already_there' })
    await senders.retire('ci')
    await expect(senders.trust('ci', pem)).rejects.toMatchObject({ code: 'already_there' })
  })

  test('sender_unknown: nobody of that name to retire', async () => {
    await expect(senderKeys(folder).retire('ci')).rejects.toMatchObject({ code: 'sender_unknown' })
  })
})

describe('a file that somebody else may have put there stops everything', () => {
  test.for<{ code: string; name: string; put: (file: string) => void }>([
    { code: 'sender_key_malformed', name: 'no key', put: (file) => writeFileSync(file, 'hello', { mode: 0o600 }) },
    {
      code: 'key_permissions',
      name: 'a key that others can change',
      put: (file) => {
        writeFileSync(file, pemOf())
        chmodSync(file, 0o666)
      },
    },
    {
      code: 'key_not_a_file',
      name: 'a link',
      put: (file) => {
        writeFileSync(`${file}.other`, pemOf(), { mode: 0o600 })
        symlinkSync(`${file}.other`, file)
      },
    },
    { code: 'key_not_a_file', name: 'a folder', put: (file) => mkdirSync(file) },
  ])('$code: $name', async ({ code, put }) => {
    mkdirSync(folder, { recursive: true })
    put(join(folder, 'x.pub'))
    await expect(senderKeys(folder).list()).rejects.toMatchObject({ code })
  })
})

test('a sender is trusted once, listed, and retired without being forgotten', async () => {
  const [senders, pem] = [senderKeys(folder), pemOf()]
  const { key } = await senders.trust('ci', pem)
  await senders.trust('ci', pem)
  expect(readdirSync(folder)).toEqual(['ci.pub'])
  expect(readFileSync(join(folder, 'ci.pub'), 'utf8')).toBe(pem)
  await senders.retire('ci')
  await senders.retire('ci')
  expect((await senders.list()).map((one) => [one.name, one.key.keyId, one.isRetired])).toEqual([
    ['ci', key.keyId, true],
  ])
})

test('many processes that trust one key under one name trust it once', async () => {
  const pem = pemOf()
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => senderKeys(folder).trust('ci', pem)))
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
  expect(readdirSync(folder)).toEqual(['ci.pub'])
})
