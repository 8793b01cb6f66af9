import { asBuffer } from '../bytes/encoding.ts'
import { GitObjectError } from './git-object-error.ts'

const LF = 0x0a
const SPACE = 0x20

/** One header of a commit or tag, as offsets into its header text; `end` is past the LF of its last continuation line. */
export interface HeaderLine {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** More headers than any real object has: a bound on work, not on Git's format. */
const MAX_HEADERS = 10_000

/** A string cannot be as long as a body can. What is cut off here ends without LF, and is refused for that. */
const MAX_HEADER_BYTES = 1 << 28

/**
 * The lines of a commit or tag before its first blank line, one character a byte, LF included.
 *
 * Text, because everything in it is looked for, cut out and compared, which strings do several times faster than bytes.
 */
export function headerText(body: Uint8Array): string {
  if (body[0] === LF) return ''
  const bytes = asBuffer(body)
  const last = bytes.indexOf('\n\n')
  return bytes.toString('latin1', 0, Math.min(last === -1 ? bytes.length : last + 1, MAX_HEADER_BYTES))
}

/** Where the message begins: past the blank line, or at the body's end when there is none. */
export function messageStart(body: Uint8Array, headers: string): number {
  return Math.min(headers.length + 1, body.length)
}

/**
 * Finds the headers in a header text: `key SP value LF`, continued by lines that begin with a space.
 *
 * Allows any byte but NUL in values. Throws {@link GitObjectError} `bad_header` for a header line without a space or with an
 * empty key, for a continuation before any header, for a NUL and for a last header without LF (git `fsck.c`, `verify_headers`).
 */
export function readHeaders(text: string): readonly HeaderLine[] {
  const headers: HeaderLine[] = []
  for (let start = 0, end = 0; start < text.length; start = end) {
    if (headers.length === MAX_HEADERS) throw new GitObjectError('too_large', `more than ${MAX_HEADERS} headers`)
    const space = text.indexOf(' ', start)
    if (space <= start || space >= afterLine(text, start)) {
      throw new GitObjectError('bad_header', `no key and value in the header line at byte ${start}`)
    }
    end = afterHeader(text, start)
    headers.push({ key: text.slice(start, space), start, valueStart: space + 1, end })
  }
  // Where git reads headers as C strings, a NUL hides what follows it.
  if (text.includes('\0')) throw new GitObjectError('bad_header', 'a NUL in the headers')
  if (text !== '' && !text.endsWith('\n')) throw new GitObjectError('bad_header', 'the last header does not end')
  return headers
}

/** The offset past the line that begins at `start`. */
export function afterLine(text: string, start: number): number {
  const lf = text.indexOf('\n', start)
  return lf === -1 ? text.length : lf + 1
}

/** The offset past the header that begins at `start`, with the lines that continue it. */
export function afterHeader(text: string, start: number): number {
  let end = afterLine(text, start)
  while (text.charCodeAt(end) === SPACE) end = afterLine(text, end)
  return end
}

/** A header's value with its continuation spaces and its final LF taken away. */
export function headerValue(text: string, header: HeaderLine): string {
  return unfold(text.slice(header.valueStart, header.end - 1))
}

/** A value with continuation spaces taken away and every LF kept: the text of an embedded tag or signature. */
export function unfold(value: string): string {
  return value.replaceAll('\n ', '\n')
}
