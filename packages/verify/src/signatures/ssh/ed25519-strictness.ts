/**
 * Where Ed25519 implementations disagree. OpenSSL demands S < L and refuses points of small order; OpenSSH reduces S instead
 * and takes any A; libsodium also refuses non-canonical points. All three compare R byte by byte, so R is canonical if they accept.
 */

const L = (1n << 252n) + 27742317777372353535851937790883648493n

/** The y coordinates (little-endian, sign bit clear) of the points whose order divides 8, with the two encodings that are not reduced. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'))

/** Whether 32 bytes encode a point of order 1, 2, 4 or 8: such a key accepts signatures that nobody made. */
export function isSmallOrder(point: Uint8Array): boolean {
  if (SMALL_ORDER_STARTS[point[0] as number] === 0) return false
  return SMALL_ORDER.some(
    (known) => (known[31] as number) === ((point[31] as number) & 0x7f) && sameStart(known, point),
  )
}

// Nearly every point is told apart by its first byte, and one is asked about for every signature.
const SMALL_ORDER_STARTS = new Uint8Array(256)
for (const [start] of SMALL_ORDER) SMALL_ORDER_STARTS[start as number] = 1

function sameStart(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether the y coordinate in 32 bytes is below 2^255 - 19. */
export function isCanonicalPoint(point: Uint8Array): boolean {
  if (((point[31] as number) & 0x7f) !== 0x7f || (point[0] as number) < 0xed) return true
  return point.subarray(1, 31).some((byte) => byte !== 0xff)
}

/** Whether the scalar S of a 64-byte signature is below the group order, so that nobody can give it a second spelling. */
export function isCanonicalScalar(signature: Uint8Array): boolean {
  const top = signature[63] as number
  return top < 0x10 || (top === 0x10 && scalar(signature) < L)
}

/**
 * The signature that OpenSSH really checks when S is not reduced: the same with S modulo L, or null where OpenSSH refuses
 * (one of the three top bits is set).
 */
export function reduceScalar(signature: Uint8Array): Uint8Array | null {
  if (((signature[63] as number) & 0xe0) !== 0) return null
  const reduced = Buffer.from(signature)
  const hex = (scalar(signature) % L).toString(16).padStart(64, '0')
  reduced.set(Buffer.from(hex, 'hex').reverse(), 32)
  return reduced
}

function scalar(signature: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`)
}
