import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519EnvelopeKey, utf8 } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openKeyFile } from './key-file.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-file-'))
  path = join(folder, 'keys', 'log.pem')
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('a key file', () => {
  test('is made on first use, for its owner alone, and opened ever after', async () => {
    const key = await openKeyFile(path, 'make')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'keys'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(folder, 'keys'))).toEqual(['log.pem'])
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    const again = await openKeyFile(path, 'make')
    expect(again.keyId).toBe(key.keyId)
    expect(again.publicKey).toEqual(key.publicKey)
  })

  test('signs what its public key verifies, under the name that envelopes give it', async () => {
    const key = await openKeyFile(path, 'make')
    const publicKey = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key.publicKey).toString('base64url') },
      format: 'jwk',
    })
    expect(verify(null, utf8('text'), publicKey, key.sign(utf8('text')))).toBe(true)
    expect(verify(null, utf8('other'), publicKey, key.sign(utf8('text')))).toBe(false)
    expect(key.keyId).toBe(ed25519EnvelopeKey(publicKey).keyId)
  })

  test('is one for all that make it at the same time', async () => {
    const keys = await Promise.all(Array.from({ length: 16 }, () => openKeyFile(path, 'make')))
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1)
    expect(await readdir(join(folder, 'keys'))).toEqual(['log.pem'])
  })

  test('does not show its private half when it is printed', async () => {
    expect(JSON.stringify(await openKeyFile(path, 'make'))).not.toMatch(/private|BEGIN/i)
  })

  test.for([
    { name: 'readable by its group', mode: 0o640, code: 'key_permissions' },
    { name: 'readable by everybody', mode: 0o604, code: 'key_permissions' },
    { name: 'writable by its group', mode: 0o620, code: 'key_permissions' },
  ])('is refused when it is $name: $code', async ({ mode, code }) => {
    await openKeyFile(path, 'make')
    await chmod(path, mode)
    await expect(openKeyFile(path, 'make')).rejects.toMatchObject({ name: 'SigningKeyError', code })
  })

  test('is not made again where it must be there: key_missing', async () => {
    await expect(openKeyFile(path, 'refuse')).rejects.toMatchObject({ name: 'SigningKeyError', code: 'key_missing' })
    expect(await readdir(folder)).toEqual([])
    const { keyId } = await openKeyFile(path, 'make')
    expect((await openKeyFile(path, 'refuse')).keyId).toBe(keyId)
  })

  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const ed25519 = generateKeyPairSync('ed25519')
  const pem = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  test.for([
    { name: 'empty', text: '', code: 'key_damaged' },
    { name: 'no PEM', text: 'secret', code: 'key_damaged' },
    { name: 'cut short', text: pem.slice(0, 60), code: 'key_damaged' },
    { name: 'changed within', text: pem.replace('MC4C', 'MC4D'), code: 'key_damaged' },
    { name: 'too long', text: pem.padEnd(5_000, '\n'), code: 'key_damaged' },
    { name: 'a public key', text: ed25519.publicKey.export({ type: 'spki', format: 'pem' }), code: 'key_damaged' },
    {
      name: 'an encrypted key',
      text: ed25519.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
      code: 'key_damaged',
    },
    { name: 'an RSA key', text: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), code: 'key_unsupported' },
  ])('is refused when it is $name: $code', async ({ text, code }) => {
    await mkdir(join(folder, 'keys'))
    await writeFile(path, text, { mode: 0o600 })
    const error: unknown = await openKeyFile(path, 'make').catch((refused: unknown) => refused)
    expect(error).toMatchObject({ name: 'SigningKeyError', code })
    expect(error).not.toHaveProperty('cause')
  })

  test('is refused when it is a symbolic link, also to a good key, also to nothing', async () => {
    await openKeyFile(path, 'make')
    for (const target of [path, join(folder, 'absent')]) {
      const linked = join(folder, 'linked.pem')
      await symlink(target, linked)
      await expect(openKeyFile(linked, 'make')).rejects.toMatchObject({ code: 'key_not_a_file' })
      await rm(linked)
    }
  })

  test('is refused when it is a folder', async () => {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await expect(openKeyFile(path, 'make')).rejects.toMatchObject({ code: 'key_not_a_file' })
  })

  test('is refused when its folder is a file', async () => {
    await writeFile(join(folder, 'keys'), '')
    await expect(openKeyFile(path, 'make')).rejects.toMatchObject({ code: 'key_inaccessible' })
  })

  test('is not replaced by one that was linked in its place', async () => {
    const key = await openKeyFile(path, 'make')
    await link(path, join(folder, 'second.pem'))
    expect((await openKeyFile(join(folder, 'second.pem'), 'make')).keyId).toBe(key.keyId)
  })
})
