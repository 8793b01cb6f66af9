import { ByteReader, BytesError } from '../../bytes/byte-reader.ts'
import { hashAlgorithm, signatureIntegers } from './algorithms.ts'
import { readMpi } from './mpi.ts'
import { OpenPgpError, type OpenPgpErrorCode } from './openpgp-error.ts'
import { readSubpackets, type Subpackets, upperHex } from './subpackets.ts'

// gpg refuses larger areas; no honest signature comes near.
const MAX_AREA = 10_000

/** A signature packet of version 3, 4 or 6 (RFC 9580 §5.2), or of version 2, which gpg reads like version 3. */
export interface SignaturePacket {
  readonly version: 2 | 3 | 4 | 6
  readonly type: number
  readonly algorithm: number
  readonly hash: number
  /** Unix seconds; null when the signature states no time. */
  readonly createdAt: number | null
  readonly hashed: Subpackets
  readonly unhashed: Subpackets
  /** What is hashed before the signed data: the salt of version 6, otherwise nothing. */
  readonly salt: Uint8Array
  /** What is hashed after the signed data (§5.2.4). */
  readonly trailer: Uint8Array
  /** The first two bytes of the digest, as the signer states them. */
  readonly digestPrefix: Uint8Array
  /** The integers of the signature without leading zeros, or its one native octet string. */
  readonly values: readonly Uint8Array[]
  /** The first thing that the format forbids and gpg lets pass; null when there is none. */
  readonly flaw: OpenPgpErrorCode | null
}

/**
 * Reads the body of a signature packet.
 *
 * Throws {@link OpenPgpError} `signature_packet`, `signature_version` or `mpi` for what gpg too cannot read as a signature: unknown versions,
 * areas over 10,000 bytes, bytes cut short. What gpg lets pass is named in `flaw` instead.
 */
export function readSignaturePacket(body: Uint8Array): SignaturePacket {
  try {
    const reader = new ByteReader(body)
    const version = reader.u8()
    if (version === 4 || version === 6) return readModern(body, reader, version)
    if (version === 3 || version === 2) return readOld(reader, version)
    throw new OpenPgpError('signature_version', `signature version ${version} is not known`)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new OpenPgpError('signature_packet', 'the signature packet is cut short', { cause })
  }
}

function readModern(body: Uint8Array, reader: ByteReader, version: 4 | 6): SignaturePacket {
  const type = reader.u8()
  const algorithm = reader.u8()
  const hash = reader.u8()
  const hashedArea = readArea(reader, version)
  const hashedEnd = reader.offset
  const unhashedArea = readArea(reader, version)
  const digestPrefix = reader.bytes(2)
  const salt = version === 6 ? reader.bytes(reader.u8()) : NO_BYTES
  const hashed = readSubpackets(hashedArea)
  const unhashed = unhashedArea.length === 0 ? NO_SUBPACKETS : readSubpackets(unhashedArea)
  const { values, flaw } = readValues(reader, algorithm)
  const wrongSalt = version === 6 && salt.length !== hashAlgorithm(hash)?.saltBytes
  return {
    version,
    type,
    algorithm,
    hash,
    createdAt: hashed.createdAt,
    hashed,
    unhashed,
    salt,
    trailer: modernTrailer(body.subarray(0, hashedEnd), version),
    digestPrefix,
    values,
    flaw: flaw ?? hashed.flaw ?? (wrongSalt ? 'signature_packet' : null) ?? unhashed.flaw,
  }
}

function readOld(reader: ByteReader, version: 2 | 3): SignaturePacket {
  const hashedLength = reader.u8()
  const signed = reader.bytes(5)
  const created = new ByteReader(signed.subarray(1)).u32()
  const issuerKeyId = upperHex(reader.bytes(8))
  const algorithm = reader.u8()
  const hash = reader.u8()
  const digestPrefix = reader.bytes(2)
  const { values, flaw } = readValues(reader, algorithm)
  return {
    version,
    type: signed[0] ?? 0,
    algorithm,
    hash,
    createdAt: created,
    hashed: { ...NO_SUBPACKETS, createdAt: created },
    unhashed: { ...NO_SUBPACKETS, issuerKeyId },
    salt: NO_BYTES,
    trailer: signed,
    digestPrefix,
    values,
    flaw: flaw ?? (hashedLength === 5 ? null : 'signature_packet'),
  }
}

const NO_BYTES = new Uint8Array()
const NO_SUBPACKETS = readSubpackets(NO_BYTES)

function readArea(reader: ByteReader, version: 4 | 6): Uint8Array {
  const length = version === 6 ? reader.u32() : reader.u16()
  if (length > MAX_AREA) throw new OpenPgpError('signature_packet', `a subpacket area of ${length} bytes is too long`)
  return reader.bytes(length)
}

function modernTrailer(head: Uint8Array, version: 4 | 6): Uint8Array {
  const trailer = Buffer.allocUnsafe(head.length + 6)
  trailer.set(head)
  trailer[head.length] = version
  trailer[head.length + 1] = 0xff
  trailer.writeUInt32BE(head.length, head.length + 2)
  return trailer
}

function readValues(reader: ByteReader, algorithm: number): Pick<SignaturePacket, 'values' | 'flaw'> {
  const count = signatureIntegers(algorithm)
  if (count === 0) return { values: [reader.rest()], flaw: null }
  let fit = true
  const values: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const integer = readMpi(reader)
    fit &&= integer.fits
    values.push(integer.bytes)
  }
  return { values, flaw: fit ? (reader.remaining === 0 ? null : 'trailing') : 'mpi' }
}

/** The key id that the signature names: from the hashed area first, as gpg reads it; null when it names none. */
export function issuerKeyId(signature: SignaturePacket): string | null {
  return signature.hashed.issuerKeyId ?? signature.unhashed.issuerKeyId
}

/** When the signature itself stops counting, in Unix seconds; null for never. */
export function signatureExpiry(signature: SignaturePacket): number | null {
  const { expiresAfter } = signature.hashed
  return expiresAfter === null ? null : endOfLife(signature.createdAt ?? 0, expiresAfter)
}

/**
 * When what was made at `createdAt` and lasts `seconds` ends. gpg adds in 32 bits, so that an end after 2106 has long
 * passed; we follow it, because nothing may be good to us that has expired for gpg.
 */
export function endOfLife(createdAt: number, seconds: number): number {
  return (createdAt + seconds) % 2 ** 32 || 2 ** 32
}
