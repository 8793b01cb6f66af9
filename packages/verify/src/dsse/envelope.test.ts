import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import vector from '../../../../testdata/dsse/hello-world.json' with { type: 'json' }
import { toBase64, utf8 } from '../bytes/encoding.ts'
import {
  type EnvelopeKey,
  type EnvelopeSigner,
  ed25519EnvelopeKey,
  envelopeKeyId,
  formatEnvelope,
  parseEnvelope,
  preAuthEncoding,
  signEnvelope,
  verifyEnvelope,
} from './envelope.ts'

const TYPE = 'application/vnd.in-toto+json'
const alice = newKey()
const bob = newKey()
const mallory = newKey()
const payload = utf8('{"answer":42}')

describe('the example of the specification', () => {
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: vector.x, y: vector.y }, format: 'jwk' })
  const key: EnvelopeKey = {
    keyId: 'the published key',
    verify: (message, signature) => verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
  }

  test('has the published encoding', () => {
    expect(preAuthEncoding(vector.payloadType, utf8(vector.payload))).toEqual(utf8(vector.preAuthEncoding))
  })

  test('verifies, and stops verifying under another type', () => {
    const envelope = {
      payload: toBase64(utf8(vector.payload)),
      payloadType: vector.payloadType,
      signatures: [{ sig: vector.signature }],
    }
    expect(verifyEnvelope(parseEnvelope(JSON.stringify(envelope)), [key]).keyIds).toEqual([key.keyId])
    const retyped = parseEnvelope(JSON.stringify({ ...envelope, payloadType: 'http://example.com/Other' }))
    expect(() => verifyEnvelope(retyped, [key])).toThrow(expect.objectContaining({ code: 'below_threshold' }))
  })
})

describe('the encoding', () => {
  test('counts bytes, not characters', () => {
    expect(Buffer.from(preAuthEncoding('é', utf8('ü'))).toString()).toBe('DSSEv1 2 é 2 ü')
  })

  test('of two different envelopes is never the same', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), fc.string(), fc.uint8Array(), (type1, body1, type2, body2) => {
        const same = Buffer.compare(preAuthEncoding(type1, body1), preAuthEncoding(type2, body2)) === 0
        return same === (type1 === type2 && Buffer.compare(body1, body2) === 0)
      }),
    )
  })
})

describe('an envelope', () => {
  const both = signEnvelope(TYPE, payload, [alice.signer, bob.signer])
  const valid = JSON.parse(formatEnvelope(both))

  test('gives its payload when enough trusted keys signed it', () => {
    const verified = verifyEnvelope(parseEnvelope(formatEnvelope(both)), [alice.key, bob.key], 2)
    expect(verified.payloadType).toBe(TYPE)
    expect(Buffer.from(verified.payload)).toEqual(Buffer.from(payload))
    expect(verified.keyIds).toEqual([alice.key.keyId, bob.key.keyId])
  })

  test.for([
    { name: 'no key at all', envelope: both, keys: [], threshold: 1 },
    { name: 'another key only', envelope: both, keys: [mallory.key], threshold: 1 },
    { name: 'one key of two', envelope: both, keys: [alice.key, mallory.key], threshold: 2 },
    { name: 'one key that signed twice', envelope: twice(), keys: [alice.key, bob.key], threshold: 2 },
    { name: 'one key that is trusted twice', envelope: twice(), keys: [alice.key, alice.key], threshold: 2 },
    { name: 'a key id borrowed from a trusted key', envelope: borrowed(), keys: [alice.key], threshold: 1 },
    { name: 'a threshold of zero and no key', envelope: both, keys: [], threshold: 0 },
    { name: 'another payload', envelope: { ...both, payload: utf8('{}') }, keys: [alice.key], threshold: 1 },
    { name: 'another type', envelope: { ...both, payloadType: 'text/plain' }, keys: [alice.key], threshold: 1 },
  ])('is below its threshold with $name', ({ envelope, keys, threshold }) => {
    expect(() => verifyEnvelope(envelope, keys, threshold)).toThrow(
      expect.objectContaining({ name: 'DsseError', code: 'below_threshold' }),
    )
  })

  test.for([
    { name: 'no key id', keyId: '' },
    { name: 'the key id of another trusted key', keyId: bob.key.keyId },
    { name: 'a key id that nobody knows', keyId: 'x' },
  ])('verifies under a signature with $name, for the id is a hint', ({ keyId }) => {
    const [signature] = signEnvelope(TYPE, payload, [alice.signer]).signatures.map((line) => ({ ...line, keyId }))
    const envelope = { payloadType: TYPE, payload, signatures: signature === undefined ? [] : [signature] }
    expect(verifyEnvelope(envelope, [alice.key, bob.key]).keyIds).toEqual([alice.key.keyId])
  })

  test('may use either alphabet of base64, and fields that nobody knows', () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xbf)
    for (const text of ['+/+/', '-_-_']) {
      expect(parseEnvelope(JSON.stringify({ ...valid, payload: text, more: { a: 1 } })).payload).toEqual(
        Buffer.from(bytes),
      )
    }
  })

  test.for([
    { name: 'a mixture of alphabets', change: { payload: '+_+_' } },
    { name: 'no padding', change: { payload: 'YQ' } },
    { name: 'unused bits', change: { payload: 'YR==' } },
    { name: 'a line break', change: { payload: 'YWJj\nYWJj' } },
    { name: 'no payload', change: { payload: undefined } },
    { name: 'a payload that is an object', change: { payload: {} } },
    { name: 'no type', change: { payloadType: undefined } },
    { name: 'no signatures field', change: { signatures: undefined } },
    { name: 'no signature', change: { signatures: [] } },
    { name: 'a signature that is text', change: { signatures: ['AAAA'] } },
    { name: 'a signature without sig', change: { signatures: [{ keyid: 'a' }] } },
    { name: 'an empty sig', change: { signatures: [{ sig: '' }] } },
    { name: 'a sig that is no base64', change: { signatures: [{ sig: '*' }] } },
    { name: 'a key id that is a number', change: { signatures: [{ sig: 'AAAA', keyid: 1 }] } },
    { name: '101 signatures', change: { signatures: Array(101).fill({ sig: 'AAAA' }) } },
  ])('is refused with $name', ({ change }) => {
    expect(() => parseEnvelope(JSON.stringify({ ...valid, ...change }))).toThrow(
      expect.objectContaining({ name: 'DsseError', code: 'malformed_envelope' }),
    )
  })

  test.for([
    { name: 'a list', text: '[]', code: 'malformed_envelope' },
    { name: 'null', text: 'null', code: 'malformed_envelope' },
    { name: 'no JSON', text: 'payload', code: 'malformed_json' },
    { name: 'a payload twice', text: formatEnvelope(both).replace('{', '{"payload":"AAAA",'), code: 'duplicate_key' },
    { name: 'too many characters', text: ' '.repeat(16_777_217), code: 'too_large' },
  ])('is refused when it is $name: $code', ({ text, code }) => {
    expect(() => parseEnvelope(text)).toThrow(expect.objectContaining({ name: 'DsseError', code }))
  })

  test('is read back as it was written', () => {
    const bytes = fc.uint8Array({ minLength: 1 }).map((given) => Buffer.from(given))
    const text = fc.string({ unit: 'grapheme' })
    const signatures = fc.array(fc.record({ keyId: text, signature: bytes }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.record({ payloadType: text, payload: bytes, signatures }), (envelope) => {
        expect(parseEnvelope(formatEnvelope(envelope))).toEqual(envelope)
      }),
    )
  })

  test('that is arbitrary is read or refused with a code', () => {
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.constant('AAAA'),
        fc.integer(),
        fc.constant(null),
        tie('object'),
        fc.array(tie('json')),
      ),
      object: fc.dictionary(fc.constantFrom('payload', 'payloadType', 'signatures', 'sig', 'keyid'), tie('json')),
    })).object
    fc.assert(
      fc.property(value, (given) => {
        try {
          parseEnvelope(JSON.stringify(given))
        } catch (error) {
          expect(error).toMatchObject({ name: 'DsseError' })
        }
      }),
      { numRuns: 500 },
    )
  })

  function twice() {
    return signEnvelope(TYPE, payload, [alice.signer, alice.signer])
  }

  function borrowed() {
    return signEnvelope(TYPE, payload, [{ ...mallory.signer, keyId: alice.key.keyId }])
  }
})

describe('a key', () => {
  test('is named by the SHA-256 of its SubjectPublicKeyInfo, without padding', () => {
    // The all-zero Ed25519 key; the name is what `openssl dgst -sha256 -binary | base64` gives for the same 44 bytes.
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32)])
    expect(envelopeKeyId(spki)).toBe('SHA256:ciq9EumaU2fzda65ZyqOB3EuA8Kt0W+o1pFNHPou/gw')
  })

  test('of another kind is not taken for Ed25519', () => {
    const { publicKey } = generateKeyPairSync('x25519')
    expect(() => ed25519EnvelopeKey(publicKey)).toThrow(TypeError)
    expect(() => ed25519EnvelopeKey(generateKeyPairSync('ed25519').privateKey)).toThrow(TypeError)
  })
})

function newKey(): { readonly key: EnvelopeKey; readonly signer: EnvelopeSigner } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = ed25519EnvelopeKey(publicKey)
  return { key, signer: { keyId: key.keyId, sign: (message) => sign(null, message, privateKey) } }
}
