import { hash } from 'node:crypto'
import { ByteReader } from '../../bytes/byte-reader.ts'
import { latin1 } from '../../bytes/encoding.ts'
import { SshError, withSshErrors } from './ssh-error.ts'
import { decodeBase64, readCString } from './ssh-wire.ts'

export type SshSignatureHash = 'sha256' | 'sha512'

/** What OpenSSH 9.2 accepts in a signature and we do not, because nothing signs it and it would give one signature two spellings. */
export type SshSignatureOddity =
  | 'text_after_footer'
  | 'armor_white_space'
  | 'old_version'
  | 'reserved_not_empty'
  | 'trailing_nul'

/** A parsed `SSHSIG` blob. Nothing in it has been verified. */
export interface SshSignature {
  /** The public key or certificate, as its wire bytes. */
  readonly keyBlob: Uint8Array
  /** One character per byte. */
  readonly namespace: string
  readonly hash: SshSignatureHash
  /** The signature blob that `checkRawSignature` takes. */
  readonly signature: Uint8Array
  readonly oddity: SshSignatureOddity | null
  /** The header line ended in CRLF: OpenSSH 9.2 refuses that, later releases and we do not. */
  readonly crlfHeader: boolean
}

const MAX_ARMOR_BYTES = 256 * 1024
const HEADER = '-----BEGIN SSH SIGNATURE-----'
const FOOTER = '\n-----END SSH SIGNATURE-----'
const MAGIC = Buffer.from('SSHSIG')

/**
 * Parses an armoured SSH signature (PROTOCOL.sshsig): the header at the first byte, version 1, `sha256` or `sha512`.
 *
 * Throws {@link SshError}: `too_large` (over 256 KiB), `missing_header`, `missing_footer`, `bad_base64`, `bad_magic`,
 * `unsupported_version`, `unsupported_hash`, `embedded_nul`, `truncated`, `trailing_data`.
 */
export function parseSshSignature(armor: Uint8Array): SshSignature {
  if (armor.length > MAX_ARMOR_BYTES) throw new SshError('too_large', `a signature of ${armor.length} bytes`)
  const text = latin1(armor)
  const crlfHeader = text[HEADER.length] === '\r'
  const bodyStart = HEADER.length + (crlfHeader ? 2 : 1)
  if (!text.startsWith(HEADER) || text[bodyStart - 1] !== '\n') {
    throw new SshError('missing_header', 'the armour does not begin with its header line')
  }
  const bodyEnd = text.indexOf(FOOTER, bodyStart)
  if (bodyEnd === -1) throw new SshError('missing_footer', 'the armour has no footer line')
  const body = text.slice(bodyStart, bodyEnd)
  const blob = decodeBase64(body)
  const parsed = withSshErrors(() => parseBlob(blob))
  return { ...parsed, oddity: armorOddity(body, text.slice(bodyEnd + FOOTER.length)) ?? parsed.oddity, crlfHeader }
}

function armorOddity(body: string, tail: string): SshSignatureOddity | null {
  // Git libraries differ in how many line ends they leave after the footer.
  if (/[^\r\n]/.test(tail)) return 'text_after_footer'
  return /[\t\v\f ]|\r(?!\n|$)/.test(body) ? 'armor_white_space' : null
}

function parseBlob(blob: Uint8Array): Omit<SshSignature, 'crlfHeader'> {
  const reader = new ByteReader(blob)
  if (MAGIC.compare(reader.bytes(MAGIC.length)) !== 0) throw new SshError('bad_magic', 'the blob does not begin SSHSIG')
  const version = reader.u32()
  if (version > 1) throw new SshError('unsupported_version', `signature version ${version}`)
  const keyBlob = reader.sshString()
  const textStart = reader.offset
  const namespace = readCString(reader)
  const namespaceBytes = reader.offset - textStart
  const reserved = reader.sshString()
  const hashStart = reader.offset
  const hashName = readCString(reader)
  if (hashName !== 'sha256' && hashName !== 'sha512') throw new SshError('unsupported_hash', 'not sha256 or sha512')
  const hasNul = namespaceBytes !== 4 + namespace.length || reader.offset - hashStart !== 4 + hashName.length
  const signature = reader.sshString()
  reader.end()
  const oddity =
    version === 0 ? 'old_version' : reserved.length > 0 ? 'reserved_not_empty' : hasNul ? 'trailing_nul' : null
  return { keyBlob, namespace, hash: hashName, signature, oddity }
}

/** The bytes that the key signs for a payload: magic, namespace (one byte per character), no reserved bytes, hash name, digest. */
export function sshSignedData(namespace: string, hashName: SshSignatureHash, payload: Uint8Array): Uint8Array {
  // Text is how node:crypto hands over a digest fastest.
  const digest = hash(hashName, payload, 'binary')
  return Buffer.from(`SSHSIG${framed(namespace)}${framed('')}${framed(hashName)}${framed(digest)}`, 'latin1')
}

function framed(text: string): string {
  const { length } = text
  return String.fromCharCode(length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff) + text
}

/** Text as one character per UTF-8 byte, the form in which namespaces and principals are compared. */
export function byteText(text: string): string {
  return latin1(Buffer.from(text, 'utf8'))
}
