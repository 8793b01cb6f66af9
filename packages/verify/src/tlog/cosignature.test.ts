import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../bytes/encoding.ts'
import { signCheckpoint } from './checkpoint.ts'
import { COSIGNATURE_V1, cosignatureKey, cosignatureSigner, verifyCosignatures } from './cosignature.ts'
import { emptyRoot } from './merkle.ts'
import {
  countersignNote,
  ED25519_NOTE,
  ed25519NoteSigner,
  formatNote,
  formatVerifierKey,
  parseNote,
} from './signed-note.ts'

const TIME = 1_679_315_147
const pair = generateKeyPairSync('ed25519')
const raw = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
const signBytes = (message: Uint8Array): Uint8Array => sign(null, message, pair.privateKey)
const log = ed25519NoteSigner('example.com/log', raw, signBytes)
const witness = cosignatureSigner('witness.example', raw, TIME, signBytes)
const trusted = cosignatureKey(formatVerifierKey('witness.example', COSIGNATURE_V1, raw))
const bare = signCheckpoint({ origin: 'example.com/log', size: 0, root: emptyRoot(), extensions: [] }, [log])
const cosigned = countersignNote(bare, witness)

describe('a cosignature', () => {
  test('says who saw the checkpoint and when', () => {
    expect(verifyCosignatures(cosigned, [trusted])).toEqual([
      { name: 'witness.example', keyId: trusted.keyId, time: TIME },
    ])
  })

  test('covers the two header lines and the checkpoint', () => {
    let signed = ''
    const recorder = cosignatureSigner('witness.example', raw, TIME, (message) => {
      signed = Buffer.from(message).toString()
      return signBytes(message)
    })
    countersignNote(bare, recorder)
    expect(signed).toBe(`cosignature/v1\ntime 1679315147\n${parseNote(bare).text}`)
  })

  test('counts once however often it stands there', () => {
    expect(verifyCosignatures(countersignNote(cosigned, witness), [trusted])).toHaveLength(1)
  })

  test('of an unknown witness is ignored, and none is no error', () => {
    expect(verifyCosignatures(cosigned, [])).toEqual([])
    expect(verifyCosignatures(bare, [trusted])).toEqual([])
  })

  test.for([
    { name: 'another time', change: (bytes: string) => `0000000000000001${bytes.slice(16)}` },
    { name: 'a time past 2^53', change: (bytes: string) => `ff${bytes.slice(2)}` },
    { name: 'a byte less', change: (bytes: string) => bytes.slice(0, -2) },
    { name: 'a byte more', change: (bytes: string) => `${bytes}00` },
    { name: 'nothing but a byte', change: () => '00' },
    { name: 'a changed signature', change: (bytes: string) => `${bytes.slice(0, -2)}ff` },
  ])('is refused with $name', ({ change }) => {
    const note = parseNote(cosigned)
    const signatures = note.signatures.map((line) =>
      line.name === 'witness.example' ? { ...line, signature: fromHex(change(toHex(line.signature))) } : line,
    )
    expect(() => verifyCosignatures(formatNote({ ...note, signatures }), [trusted])).toThrow(
      expect.objectContaining({ name: 'TlogError', code: 'signature_invalid' }),
    )
  })

  test('is refused on a checkpoint that it was not made for', () => {
    const moved = cosigned.replace('example.com/log\n0\n', 'example.com/log\n1\n')
    expect(() => verifyCosignatures(moved, [trusted])).toThrow(expect.objectContaining({ code: 'signature_invalid' }))
  })

  test('key is refused when it is a log key, or short', () => {
    for (const [type, key, code] of [
      [ED25519_NOTE, raw, 'unsupported_key'],
      [COSIGNATURE_V1, raw.subarray(1), 'malformed_key'],
    ] as const) {
      expect(() => cosignatureKey(formatVerifierKey('x', type, key))).toThrow(expect.objectContaining({ code }))
    }
  })
})
