import { BytesError } from '../../bytes/byte-reader.ts'
import { fromBase64 } from '../../bytes/encoding.ts'
import { MAX_CMS_BYTES } from './cms.ts'
import { X509Error } from './x509-error.ts'

const BEGIN = '-----BEGIN SIGNED MESSAGE-----'
const END = '-----END SIGNED MESSAGE-----'
const LONGEST_LINE = 76
/** gpgsm reads lines in pieces of this many bytes, and takes a file whose first line is longer for DER. */
const GPGSM_LINE = 1024

/** The bytes in a signature's armour. `isExact` is false where gpgsm reads on and we refuse: odd lines, odd letters, text around it. */
export interface Armored {
  readonly der: Uint8Array
  readonly isExact: boolean
}

/** Removes the armour of a `SIGNED MESSAGE`. Throws {@link X509Error} `too_long` or `malformed_armor`. */
export function readArmor(armor: Uint8Array): Armored {
  if (armor.length > 2 * MAX_CMS_BYTES) throw new X509Error('too_long', `a signature of ${armor.length} bytes`)
  const text = Buffer.from(armor.buffer, armor.byteOffset, armor.byteLength).toString('latin1')
  if (!text.startsWith(BEGIN)) throw new X509Error('malformed_armor', 'not a SIGNED MESSAGE')
  const exact = readExactly(text)
  return exact === null ? { der: readAsGpgsm(text), isExact: false } : { der: exact, isExact: true }
}

/** The bytes of an armour as everybody writes it: whole lines of canonical base64 and nothing else. Null for any other. */
function readExactly(text: string): Uint8Array | null {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const body = lines.slice(1, -1)
  const isTidy = body.length > 0 && body.every(({ length }) => length > 0 && length <= LONGEST_LINE)
  if (lines[0] !== BEGIN || lines.at(-1) !== END || !isTidy) return null
  try {
    return fromBase64(body.join(''))
  } catch (error) {
    if (error instanceof BytesError) return null
    throw error
  }
}

/**
 * What gpgsm 2.2 makes of the same text: anything may follow `-----BEGIN ` on its line, letters outside the alphabet are skipped,
 * the first padding ends it, and so does a line that begins with `-----END `; what comes after hardly matters, because a CMS
 * message says itself where it ends.
 */
function readAsGpgsm(text: string): Uint8Array {
  const first = text.indexOf('\n') + 1
  if (first === 0 || first > GPGSM_LINE) throw new X509Error('malformed_armor', 'no line of its own for the beginning')
  const end = text.indexOf('\n-----END ', first - 1)
  const body = text.slice(first, end === -1 ? undefined : end)
  const padding = body.indexOf('=')
  const letters = (padding === -1 ? body : body.slice(0, padding)).replaceAll(/[^A-Za-z0-9+/]/g, '')
  // Only letters of the alphabet are left: what Buffer would take besides, it cannot meet here.
  return Buffer.from(letters, 'base64')
}
