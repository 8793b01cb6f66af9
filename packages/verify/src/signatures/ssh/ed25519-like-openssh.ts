import { hash } from 'node:crypto'
import { concatBytes, equalBytes } from '../../bytes/encoding.ts'

/*
 * OpenSSH takes Ed25519 keys and commitments of small order, and OpenSSL refuses them: what git prints for such a signature
 * takes arithmetic of our own. It handles public values only, some milliseconds each, and what it accepts is never good.
 */

const P = (1n << 255n) - 19n
const L = (1n << 252n) + 27742317777372353535851937790883648493n
const SQRT_MINUS_ONE = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n

/** Extended coordinates (RFC 8032 §5.1.4). */
type Point = readonly [x: bigint, y: bigint, z: bigint, t: bigint]

const NEUTRAL: Point = [0n, 1n, 1n, 0n]

const BASE: Point = [
  15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  46316835694926478169428394003475163141307993866256225615783033603165251855960n,
  1n,
  46827403850823179245072216630277197565144205554125654976674165829533817101731n,
]

/**
 * Whether OpenSSH 9.2 accepts a signature (64 bytes, S reduced) by the key `point` (32 bytes): whether R is the one
 * encoding of S·B − k·A (RFC 8032 §5.1.7, without the cofactor).
 */
export function verifyLikeOpenSsh(message: Uint8Array, signature: Uint8Array, point: Uint8Array): boolean {
  const key = decode(point)
  if (key === null) return false
  const [x, y, z, t] = key
  const k = littleEndian(hash('sha512', concatBytes(signature.subarray(0, 32), point, message), 'buffer')) % L
  const minusKey: Point = [modulo(-x), y, z, modulo(-t)]
  const r = add(multiply(BASE, littleEndian(signature.subarray(32))), multiply(minusKey, k))
  return equalBytes(encode(r), signature.subarray(0, 32))
}

function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = (y1 - x1) * (y2 - x2)
  const b = (y1 + x1) * (y2 + x2)
  const c = modulo(2n * t1 * t2) * D
  const d = 2n * z1 * z2
  const [e, f, g, h] = [modulo(b - a), modulo(d - c), modulo(d + c), modulo(b + a)]
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)]
}

function multiply(point: Point, factor: bigint): Point {
  let sum = NEUTRAL
  for (const bit of factor.toString(2)) {
    sum = add(sum, sum)
    if (bit === '1') sum = add(sum, point)
  }
  return sum
}

/** As OpenSSH decodes a point: y need not be reduced, and the sign of x = 0 does not matter. */
function decode(point: Uint8Array): Point | null {
  const encoded = littleEndian(point)
  const y = modulo(encoded & ((1n << 255n) - 1n))
  const square = modulo((y * y - 1n) * power(D * y * y + 1n, P - 2n))
  const candidate = power(square, (P + 3n) / 8n)
  const root = [candidate, modulo(candidate * SQRT_MINUS_ONE)].find((one) => modulo(one * one) === square)
  if (root === undefined) return null
  const x = (root & 1n) === encoded >> 255n ? root : modulo(-root)
  return [x, y, 1n, modulo(x * y)]
}

function encode([x, y, z]: Point): Uint8Array {
  const inverse = power(z, P - 2n)
  const value = modulo(y * inverse) | ((modulo(x * inverse) & 1n) << 255n)
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) result = modulo(result * result * (bit === '1' ? base : 1n))
  return result
}

function modulo(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
