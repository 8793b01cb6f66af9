import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  fromUtf8,
  parseEnvelope,
  parseNote,
  parseStatement,
  parseVerifierKey,
  sha256Hex,
  signCheckpoint,
  utf8,
  verifyCheckpoint,
  verifyEnvelope,
  verifyTlogProof,
} from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdsPossession, LOG_KEY_ROTATION, parseLogKeyRotation } from '../../judge/evidence-types/log-key-rotation.ts'
import { isRotating, keyringTrust, signingRange } from '../../judge/log-keys/log-keyring.ts'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import type { Cosigner } from '../../workflows/ports/witness.ts'
import { logKeyFiles } from './log-key-files.ts'
import { bound, cutOffAt, EVIDENCE_VERIFIER, LogWithKeys, originOf, STEPS } from './log-with-keys.fixtures.ts'
import { type RotationParts, rotateLogKey } from './rotate-log-key.ts'

let log: LogWithKeys

beforeEach(async () => {
  log = new LogWithKeys()
  await log.files.open('make')
})
afterEach(() => log.remove())

describe('a change of the log’s key', () => {
  test('keeps the name of the log, its entries and its receipts, and signs with the new key from then on', async () => {
    const first = (await log.keyring()).keys[0]?.verifierKey ?? ''
    const old = [await log.appendOne('one'), await log.appendOne('two')]
    const keyring = await rotateLogKey(log.rotation())
    const { receipt, published } = await log.appendOne('three')

    expect(keyring).toEqual(await log.keyring())
    expect(keyring.origin).toBe(parseVerifierKey(first).name)
    // Two entries, the announcement at place 2, the completion at place 3.
    expect(keyring.keys).toEqual([
      { verifierKey: first, from: 0, until: 3 },
      { verifierKey: signingRange(keyring).verifierKey, from: 3, until: null },
    ])
    expect(isRotating(keyring)).toBe(false)
    const trust = await log.trust()
    for (const [at, one] of old.entries()) {
      const entry = utf8(['one', 'two'][at] as string)
      expect(verifyTlogProof(entry, one.receipt.proof, trust)).toMatchObject({ index: at })
      // Whoever pinned the first key when that was the only one goes on believing what it signed.
      const pinned = keyringTrust({ origin: keyring.origin, keys: [{ verifierKey: first, from: 0, until: null }] })
      expect(verifyTlogProof(entry, one.receipt.proof, pinned)).toMatchObject({ index: at })
    }
    expect(verifyTlogProof(utf8('three'), receipt.proof, trust).checkpoint.size).toBe(5)
    expect(parseNote(published).signatures.map(({ keyId }) => keyId)).toEqual([
      parseVerifierKey(signingRange(keyring).verifierKey).keyId,
    ])
    expect(readdirSync(log.folder).sort()).toEqual(['log-keys.json', 'log.pem'])
    expect(statSync(join(log.folder, 'log-keys.json')).mode & 0o777).toBe(0o600)
  })

  test('stands in the log: announced under the old key, completed under the new one, both signed as evidence', async () => {
    await log.appendOne('one')
    const before = await log.trust()
    const notes: string[] = []
    const openRecorded: RotationParts['openLog'] = async (keys) => {
      const opened = await log.openUnder(keys)
      return {
        ...bound(opened),
        append: async (evidence) => {
          const receipts = await opened.append(evidence)
          notes.push(...receipts.map(({ checkpoint }) => checkpoint))
          return receipts
        },
      }
    }
    const keyring = await rotateLogKey(log.rotation({ openLog: openRecorded }))
    const opened = await log.open()
    const found: { index: number; state: string; until: number | null }[] = []
    for await (const { index, terms } of opened.find({ type: LOG_KEY_ROTATION, subject: `log:${keyring.origin}` })) {
      for await (const { entry } of opened.entries(index, index + 1)) {
        const { predicateType, predicate } = parseStatement(
          verifyEnvelope(parseEnvelope(fromUtf8(entry)), [EVIDENCE_VERIFIER]).payload,
        )
        const rotation = parseLogKeyRotation(predicate)
        expect([predicateType, holdsPossession(rotation)]).toEqual([LOG_KEY_ROTATION, true])
        expect([rotation.retires, rotation.begins]).toEqual(keyring.keys.map(({ verifierKey }) => verifierKey))
        expect(terms).toMatchObject({
          digest: sha256Hex(entry),
          recordedAt: rotation.recordedAt,
          controls: rotation.controls,
        })
        found.push({ index, state: rotation.state, until: rotation.state === 'completed' ? index : null })
      }
    }
    await opened.close()
    expect(found).toEqual([
      { index: 1, state: 'announced', until: null },
      { index: 2, state: 'completed', until: keyring.keys[0]?.until },
    ])
    expect(verifyCheckpoint(notes[0] as string, before).size).toBe(2)
    expect(() => verifyCheckpoint(notes[1] as string, before)).toThrow(
      expect.objectContaining({ code: 'no_known_signature' }),
    )
  })

  test('can be made again and again, each key being trusted for its own sizes', async () => {
    const receipts: { text: string; proof: string }[] = []
    for (let round = 0; round < 4; round++) {
      receipts.push({ text: `round ${round}`, proof: (await log.appendOne(`round ${round}`)).receipt.proof })
      await rotateLogKey(log.rotation())
    }
    const keyring = await log.keyring()
    expect(keyring.keys.map(({ from, until }) => [from, until])).toEqual([
      [0, 2],
      [2, 5],
      [5, 8],
      [8, 11],
      [11, null],
    ])
    const trust = keyringTrust(keyring)
    for (const { text, proof } of receipts) expect(verifyTlogProof(utf8(text), proof, trust)).toBeTruthy()
  })

  test('leaves a checkpoint that the retired key signs beyond its size without belief, also for the log itself', async () => {
    await log.appendOne('one')
    const thief = await log.files.open('refuse')
    const stolen = readFileSync(join(log.folder, 'log.pem'))
    const keyring = await rotateLogKey(log.rotation())
    const { size, root } = (await log.checkpoint()).checkpoint
    expect(size).toBe((keyring.keys[0]?.until ?? 0) + 1)
    // The thief has the old private key and no list of keys.
    const elsewhere = mkdtempSync(join(tmpdir(), 'thief-'))
    writeFileSync(join(elsewhere, 'log.pem'), stolen, { mode: 0o600 })
    const { key } = await logKeyFiles(join(elsewhere, 'log.pem'), originOf).open('refuse')
    const { keyId } = parseVerifierKey(thief.keyring.keys[0]?.verifierKey ?? '')
    const sign = (bytes: string) => key.sign(utf8(bytes))
    const forged = signCheckpoint({ origin: keyring.origin, size, root, extensions: [] }, [
      { name: keyring.origin, keyId, sign },
    ])
    expect(verifyCheckpoint(forged, thief.trust).size).toBe(size)
    const trust = await log.trust()
    expect(() => verifyCheckpoint(forged, trust)).toThrow(expect.objectContaining({ code: 'signature_invalid' }))
    await log.ground.objects.replace('checkpoint', utf8(forged))
    await expect(log.appendOne('two')).rejects.toThrow(
      expect.objectContaining({ name: 'EvidenceLogError', code: 'log_corrupt' }),
    )
    rmSync(elsewhere, { recursive: true })
  })
})

test('a change of key waits for witnesses that do not know the new key yet, and goes on from there', async () => {
  const { verifierKey } = signingRange(await log.keyring())
  const known = new Set([parseVerifierKey(verifierKey).keyId])
  const cosign: Cosigner = async (signed) => {
    if (parseNote(signed.note).signatures.every(({ keyId }) => known.has(keyId))) return signed
    throw new EvidenceLogError('witnesses_missing', 'the witness does not know the key')
  }
  const parts = log.rotation({ openLog: (keys) => log.openUnder(keys, cosign) })
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(rotateLogKey(parts)).rejects.toThrow(expect.objectContaining({ code: 'witnesses_missing' }))
  }
  const { keyring } = await log.files.open('refuse')
  expect(isRotating(keyring)).toBe(true)
  known.add(parseVerifierKey(signingRange(keyring).verifierKey).keyId)
  expect(isRotating(await rotateLogKey(parts))).toBe(false)
  expect((await log.checkpoint()).checkpoint.size).toBe(2)
})

describe('a change of key that is cut off', () => {
  test.for(STEPS.flatMap((step) => (['before', 'after'] as const).map((when) => ({ step, when }))))(
    '$when $step leaves a log that can be read, written and given its key again',
    async ({ step, when }) => {
      const first = await log.appendOne('one')
      const old = await log.trust()
      await expect(rotateLogKey(cutOffAt(log, step, when))).rejects.toThrow('cut off')

      const meanwhile = await log.appendOne('meanwhile')
      const between = await log.trust()
      expect(verifyTlogProof(utf8('one'), first.receipt.proof, between)).toBeTruthy()
      expect(verifyTlogProof(utf8('meanwhile'), meanwhile.receipt.proof, between)).toBeTruthy()
      verifyCheckpoint(meanwhile.published, between)

      const keyring = await rotateLogKey(log.rotation())
      const last = await log.appendOne('last')
      const trust = await log.trust()
      for (const [text, { receipt }] of Object.entries({ one: first, meanwhile, last })) {
        expect(verifyTlogProof(utf8(text), receipt.proof, trust), text).toBeTruthy()
      }
      expect(verifyTlogProof(utf8('one'), first.receipt.proof, old)).toBeTruthy()
      verifyCheckpoint(last.published, trust)
      expect(isRotating(keyring)).toBe(false)
      // Nothing was announced twice, and no key was made that nobody uses.
      const opened = await log.open()
      let statements = 0
      for await (const _ of opened.find({ type: LOG_KEY_ROTATION })) statements += 1
      await opened.close()
      expect(statements).toBe(2 * (keyring.keys.length - 1))
      expect(existsSync(join(log.folder, 'log-next.pem'))).toBe(false)
    },
  )
})
