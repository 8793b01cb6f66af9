import { BytesError } from '../../bytes/byte-reader.ts'
import { fromBase64 } from '../../bytes/encoding.ts'
import { X509Error } from './x509-error.ts'

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END \1-----/g
const DASH = 0x2d

/**
 * The DER of every PEM block with this label, in order; bytes that hold no PEM are taken for DER and returned alone.
 * Text between the blocks is ignored, as every tool does. Throws {@link X509Error} with this code when a block is missing or damaged.
 */
export function fromPem(bytes: Uint8Array, label: string, code: X509Error['code']): readonly Uint8Array[] {
  if (!isPem(bytes)) return [bytes]
  const text = Buffer.from(bytes).toString('latin1')
  const blocks = [...text.matchAll(BLOCK)]
  const begun = text.split('-----BEGIN ').length - 1
  if (blocks.length !== begun || blocks.length === 0) throw new X509Error(code, 'a PEM block that does not end')
  if (blocks.some((block) => block[1] !== label)) throw new X509Error(code, `a PEM block that is not a ${label}`)
  return blocks.map((block) => bodyOf(block[2] ?? '', code))
}

function bodyOf(lines: string, code: X509Error['code']): Uint8Array {
  try {
    return fromBase64(lines.replaceAll(/[\r\n]/g, ''))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw Object.assign(new X509Error(code, 'a PEM block that is not base64'), { cause })
  }
}

function isPem(bytes: Uint8Array): boolean {
  return bytes[0] === DASH || Buffer.from(bytes).includes('-----BEGIN ')
}
