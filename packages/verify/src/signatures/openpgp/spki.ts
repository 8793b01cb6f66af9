import { createPublicKey, type KeyObject } from 'node:crypto'

/*
 * SubjectPublicKeyInfo (RFC 5280 §4.1) for the keys that OpenPGP carries, because node:crypto reads every one of them in
 * this form and only some in any other.
 */

const oids = {
  rsa: '2a864886f70d010101',
  dsa: '2a8648ce380401',
  ec: '2a8648ce3d0201',
  ed25519: '2b6570',
  ed448: '2b6571',
} as const

/** An RSA public key; throws what OpenSSL throws when it does not like the numbers. */
export function rsaKey(modulus: Uint8Array, exponent: Uint8Array): KeyObject {
  const algorithm = der(0x30, der(0x06, hex(oids.rsa)), der(0x05))
  return publicKey(algorithm, der(0x30, integer(modulus), integer(exponent)))
}

/** A DSA public key; throws as {@link rsaKey}. */
export function dsaKey(p: Uint8Array, q: Uint8Array, g: Uint8Array, y: Uint8Array): KeyObject {
  const parameters = der(0x30, integer(p), integer(q), integer(g))
  return publicKey(der(0x30, der(0x06, hex(oids.dsa)), parameters), integer(y))
}

/** A key on a named curve, from an uncompressed point; throws when the point is not on the curve. */
export function ecKey(curveOid: Uint8Array, point: Uint8Array): KeyObject {
  return publicKey(der(0x30, der(0x06, hex(oids.ec)), der(0x06, curveOid)), point)
}

/** An Edwards-curve key in its native encoding. */
export function edwardsKey(curve: 'ed25519' | 'ed448', point: Uint8Array): KeyObject {
  return publicKey(der(0x30, der(0x06, hex(oids[curve]))), point)
}

/** The two numbers of a DSA or ECDSA signature in DER (RFC 3279 §2.2.2, §2.2.3), each without leading zero bytes. */
export function derIntegers(r: Uint8Array, s: Uint8Array): Uint8Array {
  return der(0x30, integer(r), integer(s))
}

function publicKey(algorithm: Uint8Array, subjectKey: Uint8Array): KeyObject {
  const key = der(0x30, algorithm, der(0x03, Uint8Array.of(0), subjectKey))
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

function integer(bytes: Uint8Array): Buffer {
  return (bytes[0] ?? 0x80) & 0x80 ? der(0x02, Uint8Array.of(0), bytes) : der(0x02, bytes)
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content])
  if (length < 0x100) return Buffer.concat([Uint8Array.of(tag, 0x81, length), content])
  return Buffer.concat([Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content])
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
