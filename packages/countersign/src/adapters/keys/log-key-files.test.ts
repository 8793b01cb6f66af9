import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ED25519_NOTE, formatVerifierKey, toHex, utf8, verifyCheckpoint, verifyTlogProof } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keyringTrust } from '../../judge/log-keys/log-keyring.ts'
import { evidenceOf } from '../log/log.fixtures.ts'
import { cutOffAt, LogWithKeys } from './log-with-keys.fixtures.ts'
import { rotateLogKey } from './rotate-log-key.ts'

let log: LogWithKeys

beforeEach(async () => {
  log = new LogWithKeys()
  await log.files.open('make')
})
afterEach(() => log.remove())

describe('a process that runs on while the key is changed', () => {
  test('signs nothing more, loses nothing that it recorded, and does not stop the log', async () => {
    const stale = await log.open()
    await stale.append([evidenceOf(utf8('one'))])
    const keyring = await rotateLogKey(log.rotation())
    expect(await refusal(stale.append([evidenceOf(utf8('late'))]))).toEqual(['key_retired', 'key_retired'])
    expect(await refusal(stale.checkpoint())).toEqual(['key_retired', 'key_retired'])
    await stale.close().catch(() => undefined)
    const { receipt, published } = await log.appendOne('late')
    const trust = keyringTrust(keyring)
    expect(verifyTlogProof(utf8('late'), receipt.proof, trust)).toBeTruthy()
    verifyCheckpoint(published, trust)
  })

  test('may be about to open the keys, and then opens the new one under the old name', async () => {
    const before = await log.keyring()
    const next = await log.files.makeNext()
    const begins = formatVerifierKey(before.origin, ED25519_NOTE, next.publicKey)
    const keys = [...before.keys, { verifierKey: begins, from: 1, until: null }]
    const opening = log.files.open('refuse')
    // The list of keys was looked for by now, and log.pem was not read yet.
    writeFileSync(join(log.folder, 'log-keys.json'), JSON.stringify({ origin: before.origin, keys }))
    renameSync(join(log.folder, 'log-next.pem'), join(log.folder, 'log.pem'))
    const opened = await opening
    expect(opened.keyring).toEqual({ origin: before.origin, keys })
    expect(toHex(opened.key.publicKey)).toBe(toHex(next.publicKey))
  })

  test('goes on when only the end of the old key was settled', async () => {
    await expect(rotateLogKey(cutOffAt(log, 'store settled', 'before'))).rejects.toThrow('cut off')
    const running = await log.open()
    await rotateLogKey(log.rotation())
    const [receipt] = await running.append([evidenceOf(utf8('one'))])
    await running.close()
    expect(verifyTlogProof(utf8('one'), receipt?.proof ?? '', await log.trust())).toBeTruthy()
  })

  test('whatever writes while the key is changed, every receipt and every published checkpoint is believed', async () => {
    const written: { text: string; proof: string }[] = []
    let isRunning = true
    const writer = async (name: string): Promise<void> => {
      for (let at = 0; isRunning; at++) {
        const text = `${name} ${at}`
        const opened = await log.open()
        // Several appends by one process, so that the key changes under it.
        for (const part of ['a', 'b', 'c']) {
          const [receipt] = await opened.append([evidenceOf(utf8(text + part))]).catch(() => [])
          if (receipt !== undefined) written.push({ text: text + part, proof: receipt.proof })
          await new Promise((resolve) => setImmediate(resolve))
        }
        await opened.close().catch(() => undefined)
      }
    }
    const writers = [writer('x'), writer('y')]
    for (let round = 0; round < 3; round++) await rotateLogKey(log.rotation())
    isRunning = false
    await Promise.all(writers)
    const trust = await log.trust()
    expect(written.length).toBeGreaterThan(3)
    for (const { text, proof } of written) expect(verifyTlogProof(utf8(text), proof, trust), text).toBeTruthy()
    verifyCheckpoint((await log.appendOne('last')).published, trust)
  })
})

/** The codes of what a promise rejects with, and of what caused that. */
async function refusal(promise: Promise<unknown>): Promise<readonly unknown[]> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  const codes: unknown[] = []
  for (let one = error; one instanceof Error; one = one.cause) codes.push('code' in one ? one.code : one.message)
  return codes
}

describe('the files of a log’s keys', () => {
  const refused = (code: string, message: string) =>
    expect.objectContaining({ name: 'SigningKeyError', code, message: expect.stringContaining(message) })
  const ring = (): string => join(log.folder, 'log-keys.json')

  test.for([
    '',
    '{',
    '[]',
    '{"origin":"a","keys":[]}',
    '{"origin":"a","keys":[{"verifierKey":"k","from":0,"until":null}]}',
  ])('key_damaged: a list of keys that reads %j', async (text) => {
    writeFileSync(ring(), text)
    await expect(log.files.open('refuse')).rejects.toThrow(refused('key_damaged', 'log-keys.json does not list'))
  })

  test('key_missing: the old key was put back after the change', async () => {
    const old = readFileSync(join(log.folder, 'log.pem'))
    await rotateLogKey(log.rotation())
    writeFileSync(join(log.folder, 'log.pem'), old)
    await expect(log.files.open('make')).rejects.toThrow(refused('key_missing', 'is not the key that signs this log'))
  })

  test('key_missing: the new key is gone, and none is made in its place', async () => {
    await rotateLogKey(log.rotation())
    rmSync(join(log.folder, 'log.pem'))
    await expect(log.files.open('make')).rejects.toThrow(refused('key_missing', 'no other is there'))
    expect(existsSync(join(log.folder, 'log.pem'))).toBe(false)
  })

  test('key_retired: the list of keys disappears under a process that signs', async () => {
    await rotateLogKey(log.rotation())
    const { key } = await log.files.open('refuse')
    expect(toHex(key.sign(utf8('a')))).toHaveLength(128)
    rmSync(ring())
    expect(() => key.sign(utf8('a'))).toThrow(refused('key_retired', 'another key'))
  })

  test('only the key that signs takes the place of the one before', async () => {
    await log.files.makeNext()
    const before = readFileSync(join(log.folder, 'log.pem'))
    await log.files.promote()
    expect(readFileSync(join(log.folder, 'log.pem'))).toEqual(before)
    await rotateLogKey(log.rotation())
    const active = readFileSync(join(log.folder, 'log.pem'))
    await log.files.makeNext()
    await log.files.promote()
    expect(readFileSync(join(log.folder, 'log.pem'))).toEqual(active)
    await rotateLogKey(log.rotation())
    expect((await log.keyring()).keys).toHaveLength(3)
  })

  test('a keyring that breaks its rules is not stored', async () => {
    const keyring = await log.keyring()
    await expect(log.files.store({ ...keyring, keys: [] })).rejects.toThrow('at least one key')
    expect(existsSync(ring())).toBe(false)
  })
})
