import { ByteReader } from '../../bytes/byte-reader.ts'
import { latin1 } from '../../bytes/encoding.ts'
import { SshError, withSshErrors } from './ssh-error.ts'
import { parseSshKey } from './ssh-key.ts'
import { readCString, readMagnitude } from './ssh-wire.ts'

/** Certificates of one authority that are revoked. */
export interface RevokedCertificates {
  /** Inclusive ranges. */
  readonly serials: readonly (readonly [first: bigint, last: bigint])[]
  /** One character per byte. */
  readonly keyIds: ReadonlySet<string>
}

/** What a key revocation list says. Sets hold bytes with one character each. */
export interface Krl {
  readonly keys: ReadonlySet<string>
  readonly sha1: ReadonlySet<string>
  readonly sha256: ReadonlySet<string>
  /** By the id of the certificate authority; `''` stands for every authority. */
  readonly certificates: ReadonlyMap<string, RevokedCertificates>
}

interface MutableCertificates {
  readonly serials: (readonly [bigint, bigint])[]
  readonly keyIds: Set<string>
}

const MAGIC = Buffer.from('SSHKRL\n\0', 'latin1')
const MAX_SERIAL = (1n << 64n) - 1n
const section = { certificates: 1, keys: 2, sha1: 3, signature: 4, sha256: 5, extension: 255 } as const
const subsection = { serialList: 0x20, serialRange: 0x21, serialBitmap: 0x22, keyIds: 0x23, extension: 0x39 } as const

/** Whether a file begins as a binary key revocation list. */
export function isKrl(file: Uint8Array): boolean {
  return file.length >= MAGIC.length && MAGIC.compare(file, 0, MAGIC.length) === 0
}

/**
 * Parses an OpenSSH key revocation list (PROTOCOL.krl, format version 1).
 *
 * Throws {@link SshError}: `bad_magic`, `unsupported_version`, `signed_krl` (as OpenSSH does from 9.4), `unknown_krl_section`,
 * `unknown_critical_extension`, `bad_serial` (zero, a range that runs backwards, a bitmap past 64 bits), `truncated`, `trailing_data`, and
 * those of {@link parseSshKey} for the key of an authority.
 */
export function parseKrl(file: Uint8Array): Krl {
  return withSshErrors(() => {
    const reader = new ByteReader(file)
    if (!isKrl(file)) throw new SshError('bad_magic', 'not a key revocation list')
    reader.bytes(MAGIC.length)
    const version = reader.u32()
    if (version !== 1) throw new SshError('unsupported_version', `KRL format version ${version}`)
    // Number of the list, time it was made, flags, reserved, comment.
    reader.bytes(24)
    reader.sshString()
    readCString(reader)
    const [keys, sha1, sha256] = [new Set<string>(), new Set<string>(), new Set<string>()]
    const certificates = new Map<string, MutableCertificates>()
    while (reader.remaining > 0) {
      const type = reader.u8()
      const content = new ByteReader(reader.sshString())
      if (type === section.certificates) readCertificates(content, certificates)
      else if (type === section.keys) readBlobs(content, keys, null)
      else if (type === section.sha1) readBlobs(content, sha1, 20)
      else if (type === section.sha256) readBlobs(content, sha256, 32)
      else if (type === section.extension) readExtension(content)
      else if (type === section.signature) throw new SshError('signed_krl', 'KRL signatures are not supported')
      else throw new SshError('unknown_krl_section', `KRL section ${type}`)
      content.end()
    }
    return { keys, sha1, sha256, certificates }
  })
}

function readBlobs(content: ByteReader, blobs: Set<string>, length: number | null): void {
  while (content.remaining > 0) {
    const blob = content.sshString()
    if (length !== null && blob.length !== length) {
      throw new SshError('trailing_data', `a digest of ${blob.length} bytes, not ${length}`)
    }
    blobs.add(latin1(blob))
  }
}

/** Extensions that nobody must understand are passed over; we understand none. */
function readExtension(content: ByteReader): void {
  const name = readCString(content)
  const isCritical = content.u8() !== 0
  content.sshString()
  if (isCritical) {
    throw new SshError('unknown_critical_extension', `KRL extension ${JSON.stringify(name.slice(0, 64))}`)
  }
}

function readCertificates(content: ByteReader, certificates: Map<string, MutableCertificates>): void {
  const authorityBlob = content.sshString()
  content.sshString()
  const authority = authorityBlob.length === 0 ? '' : parseSshKey(authorityBlob).id
  const revoked = certificates.get(authority) ?? { serials: [], keyIds: new Set<string>() }
  certificates.set(authority, revoked)
  while (content.remaining > 0) {
    const type = content.u8()
    const part = new ByteReader(content.sshString())
    if (type === subsection.serialList) readSerialList(part, revoked)
    else if (type === subsection.serialRange) addRange(revoked, part.u64(), part.u64())
    else if (type === subsection.serialBitmap) readBitmap(part, revoked)
    else if (type === subsection.keyIds) readKeyIds(part, revoked)
    else if (type === subsection.extension) readExtension(part)
    else throw new SshError('unknown_krl_section', `KRL certificate section ${type}`)
    part.end()
  }
}

function readSerialList(part: ByteReader, revoked: MutableCertificates): void {
  while (part.remaining > 0) {
    const serial = part.u64()
    addRange(revoked, serial, serial)
  }
}

function readKeyIds(part: ByteReader, revoked: MutableCertificates): void {
  while (part.remaining > 0) revoked.keyIds.add(readCString(part))
}

/** The lowest bit of the number stands for the serial at the offset. */
function readBitmap(part: ByteReader, revoked: MutableCertificates): void {
  const offset = part.u64()
  const bits = readMagnitude(part)
  for (let bit = 0; bit < bits.length * 8; bit++) {
    const byte = bits[bits.length - 1 - (bit >> 3)] as number
    if (((byte >> (bit & 7)) & 1) === 0) continue
    const serial = offset + BigInt(bit)
    addRange(revoked, serial, serial)
  }
}

/** Authorities that number nothing leave zero, so zero names no certificate and cannot be revoked. */
function addRange(revoked: MutableCertificates, first: bigint, last: bigint): void {
  if (first === 0n || first > last || last > MAX_SERIAL) {
    throw new SshError('bad_serial', `certificate serials ${first} to ${last}`)
  }
  revoked.serials.push([first, last])
}
