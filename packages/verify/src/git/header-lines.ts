import { GitObjectError } from './git-object-error.ts'

const LF = 0x0a
const SPACE = 0x20

/** One header of a commit or tag, as offsets into the object's body; `end` is past the LF of its last continuation line. */
export interface HeaderLine {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** The headers in order, and where the message begins (past the blank line; the body's length when there is none). */
export interface HeaderBlock {
  readonly headers: readonly HeaderLine[]
  readonly messageStart: number
}

/** More headers than any real object has: a bound on work, not on Git's format. */
const MAX_HEADERS = 10_000

/**
 * Finds the headers of a commit or tag body: `key SP value LF`, continued by lines that begin with a space.
 *
 * Allows any byte but NUL in values. Throws {@link GitObjectError} `bad_header` for a header line without a space or with an
 * empty key, for a continuation before any header, for a NUL and for a last header without LF (git `fsck.c`, `verify_headers`).
 */
export function readHeaderBlock(body: Uint8Array): HeaderBlock {
  const headers: HeaderLine[] = []
  let at = 0
  while (at < body.length) {
    if (body[at] === LF) break
    if (headers.length === MAX_HEADERS) throw new GitObjectError('too_large', `more than ${MAX_HEADERS} headers`)
    const header = readHeader(body, at)
    headers.push(header)
    at = header.end
  }
  // Where git reads headers as C strings, a NUL hides what follows it.
  if (body.subarray(0, at).includes(0)) throw new GitObjectError('bad_header', 'a NUL in the headers')
  if (at > 0 && body[at - 1] !== LF) throw new GitObjectError('bad_header', 'the last header does not end')
  return { headers, messageStart: Math.min(at + 1, body.length) }
}

function readHeader(body: Uint8Array, start: number): HeaderLine {
  let end = afterLine(body, start)
  const space = body.indexOf(SPACE, start)
  if (space <= start || space >= end) {
    throw new GitObjectError('bad_header', `no key and value in the header line at byte ${start}`)
  }
  while (body[end] === SPACE) end = afterLine(body, end)
  return { key: keyText(body, start, space), start, valueStart: space + 1, end }
}

/** The offset past the line that begins at `start`. */
export function afterLine(body: Uint8Array, start: number): number {
  const lf = body.indexOf(LF, start)
  return lf === -1 ? body.length : lf + 1
}

/** A header's value with its continuation spaces and its final LF taken away. */
export function headerValue(body: Uint8Array, header: HeaderLine): Uint8Array {
  const value = unfold(body, header)
  return value[value.length - 1] === LF ? value.subarray(0, -1) : value
}

/** A header's value with continuation spaces taken away and every LF kept: the bytes of an embedded tag or signature. */
export function unfold(body: Uint8Array, header: HeaderLine): Uint8Array {
  const firstEnd = afterLine(body, header.valueStart)
  if (firstEnd >= header.end) return body.subarray(header.valueStart, header.end)
  const out = new Uint8Array(header.end - header.valueStart)
  let length = 0
  let at = header.valueStart
  let lineEnd = firstEnd
  for (;;) {
    out.set(body.subarray(at, lineEnd), length)
    length += lineEnd - at
    if (lineEnd >= header.end) return out.subarray(0, length)
    at = lineEnd + 1
    lineEnd = afterLine(body, at)
  }
}

function keyText(body: Uint8Array, start: number, end: number): string {
  return Buffer.from(body.buffer, body.byteOffset + start, end - start).toString('latin1')
}
