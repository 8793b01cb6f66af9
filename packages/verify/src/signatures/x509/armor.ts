import { MAX_CMS_BYTES } from './cms.ts'
import { X509Error } from './x509-error.ts'

const BEGIN = '-----BEGIN SIGNED MESSAGE-----\n'
const END = '-----END SIGNED MESSAGE-----'
const LONGEST_LINE = 76

/** The bytes in a signature's armour. `isExact` is false where gpgsm reads on and we refuse: text after the end, no end, odd lines. */
export interface Armored {
  readonly der: Uint8Array
  readonly isExact: boolean
}

/** Removes the armour of a `SIGNED MESSAGE`. Throws {@link X509Error} `too_long` or `malformed_armor`. */
export function readArmor(armor: Uint8Array): Armored {
  if (armor.length > 2 * MAX_CMS_BYTES) throw new X509Error('too_long', `a signature of ${armor.length} bytes`)
  const text = Buffer.from(armor.buffer, armor.byteOffset, armor.byteLength).toString('latin1')
  if (!text.startsWith(BEGIN)) throw new X509Error('malformed_armor', 'not a SIGNED MESSAGE')
  const end = text.indexOf(END)
  const body = text.slice(BEGIN.length, end === -1 ? undefined : end)
  const after = end === -1 ? null : text.slice(end + END.length)
  const der = Buffer.from(body, 'base64')
  const lines = body.split('\n')
  const isEnded = lines.pop() === '' && (after === '' || after === '\n')
  const isTidy = lines.length > 0 && lines.every(({ length }) => length > 0 && length <= LONGEST_LINE)
  return { der, isExact: isEnded && isTidy && der.toString('base64') === lines.join('') }
}
