import { OpenPgpError } from './openpgp-error.ts'

const BEGIN = /^-----BEGIN PGP (SIGNATURE|MESSAGE|PUBLIC KEY BLOCK)-----[ \t]*\r?\n/
const HEADER = /^[A-Za-z][A-Za-z0-9-]*:(?: .*)?$/
const CHECKSUM = /^=([A-Za-z0-9+/]{4})[ \t\r\n]*$/
const BEGIN_ANY = /^-----BEGIN PGP [A-Z ]{1,30}-----[ \t\r]*$/

/** One armoured block: its bytes, its label, and where in the text it ends. */
export interface ArmorBlock {
  readonly label: string
  readonly bytes: Uint8Array
  readonly end: number
}

/**
 * Reads the armoured block that begins at `start` of `text` (RFC 9580 §6.2): any header lines, a blank line, base64, an
 * optional CRC-24 that must be right when it is present, and the matching END line.
 *
 * Throws {@link OpenPgpError} `armor_begin`, `armor_header`, `armor_base64`, `armor_checksum` or `armor_end`.
 */
export function readArmorBlock(text: string, start = 0): ArmorBlock {
  const begin = BEGIN.exec(start === 0 ? text : text.slice(start, start + 64))
  const label = begin?.[1]
  if (begin === null || label === undefined) {
    throw new OpenPgpError('armor_begin', `no OpenPGP armour begins at offset ${start}`)
  }
  const body = skipHeaders(text, start + begin[0].length)
  const endLine = `-----END PGP ${label}-----`
  const end = text.indexOf('-----', body)
  if (end === -1 || !text.startsWith(endLine, end) || text[end - 1] !== '\n') {
    throw new OpenPgpError('armor_end', `armour is not closed by "${endLine}" on a line of its own`)
  }
  return { label, bytes: decodeBody(text.slice(body, end)), end: end + endLine.length }
}

function skipHeaders(text: string, from: number): number {
  let at = from
  for (;;) {
    const next = text.indexOf('\n', at)
    const line = text.slice(at, next).trimEnd()
    if (next === -1 || (line !== '' && !HEADER.test(line))) {
      throw new OpenPgpError('armor_header', `expected an armour header or a blank line at offset ${at}`)
    }
    at = next + 1
    if (line === '') return at
  }
}

/** The bytes of an armour's body. One value has one spelling: the right alphabet, padding where it belongs, no unused bits. */
function decodeBody(body: string): Uint8Array {
  const checksumAt = body.lastIndexOf('\n=')
  const checksum = checksumAt === -1 ? undefined : CHECKSUM.exec(body.slice(checksumAt + 1))?.[1]
  const digits = body.slice(0, checksum === undefined ? body.length : checksumAt).replaceAll(/[ \t\r\n]/g, '')
  const bytes = Buffer.from(digits, 'base64')
  if (digits === '' || bytes.toString('base64') !== digits) {
    throw new OpenPgpError('armor_base64', 'the armour is not canonical base64')
  }
  if (checksum !== undefined && crc24(bytes) !== Buffer.from(checksum, 'base64').readUIntBE(0, 3)) {
    throw new OpenPgpError('armor_checksum', 'the CRC-24 of the armour does not match')
  }
  return bytes
}

/** The checksum of each byte with `zeros` zero bytes after it. */
function crc24Table(zeros: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 16
    for (let bit = 0; bit < 8 * (zeros + 1); bit++) crc = crc & 0x800000 ? (crc << 1) ^ 0x1864cfb : crc << 1
    return crc & 0xffffff
  })
}

let crc24Tables: readonly [Uint32Array, Uint32Array, Uint32Array] | undefined

/** The checksum of RFC 9580 §6.1. It finds transcription errors and protects nothing. */
export function crc24(bytes: Uint8Array): number {
  // Made when first asked for: where nothing is OpenPGP it would be waited for in vain.
  crc24Tables ??= [crc24Table(0), crc24Table(1), crc24Table(2)]
  const [last, middle, first] = crc24Tables
  const wholes = bytes.length - (bytes.length % 3)
  let crc = 0xb704ce
  // Three bytes at a step: armour is checked for every signature, and byte by byte it takes as long as the parsing.
  for (let i = 0; i < wholes; i += 3) {
    crc ^= ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    crc = (first[crc >> 16] as number) ^ (middle[(crc >> 8) & 0xff] as number) ^ (last[crc & 0xff] as number)
  }
  for (let i = wholes; i < bytes.length; i++) {
    crc = ((crc << 8) & 0xffffff) ^ (last[(crc >> 16) ^ (bytes[i] as number)] as number)
  }
  return crc
}

/**
 * The bytes that gpg 2.2 would decode from damaged armour: it looks for the next BEGIN line, skips characters that are
 * not base64, stops at the first `=`, reads on in the next block, and gives up at a wrong checksum.
 *
 * Only for telling which letter git prints. Nothing that it returns is ever reported as good.
 */
export function decodeArmorLikeGpg(text: string): Uint8Array {
  const lines = text.split('\n')
  const parts: Uint8Array[] = []
  for (let at = 0; ; ) {
    while (at < lines.length && !BEGIN_ANY.test(lines[at] ?? '')) at++
    at++
    while (/:(?: |\r?$)/.test(lines[at] ?? '')) at++
    const digits: string[] = []
    while (at < lines.length && !lines[at]?.includes('=')) digits.push(onlyDigits(lines[at++] ?? ''))
    const [last = '', ...rest] = (lines[at++] ?? '').split('=')
    const joined = digits.join('') + onlyDigits(last)
    const isClosed = at <= lines.length
    // A lone last digit before the `=` still makes a byte.
    const bytes = Buffer.from(isClosed && joined.length % 4 === 1 ? `${joined}A` : joined, 'base64')
    let checksum = withoutPadding(rest.join('='))
    while (isClosed && checksum === '' && at < lines.length) checksum = withoutPadding(lines[at++] ?? '')
    checksum = /^[A-Za-z0-9+/]{0,4}/.exec(checksum)?.[0] ?? ''
    const crc = Buffer.alloc(3)
    crc.writeUIntBE(crc24(bytes), 0, 3)
    // A checksum that is cut short or wrong takes the whole block with it.
    if (checksum !== '' && checksum !== crc.toString('base64')) return Buffer.concat(parts)
    parts.push(bytes)
    if (!isClosed) return Buffer.concat(parts)
  }
}

const withoutPadding = (line: string): string => line.replace(/^[=\s]+/, '')

const onlyDigits = (line: string): string => line.replaceAll(/[^A-Za-z0-9+/]/g, '')
