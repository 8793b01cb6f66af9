import { readArmorBlock } from './armor.ts'
import { OpenPgpError, type OpenPgpErrorCode } from './openpgp-error.ts'

const MAX_BYTES = 64 * 1024 * 1024

/** A part of the input that was left out. `offset` counts in the decoded bytes of the armour block that starts at `line`. */
export interface BrokenPart {
  readonly code: OpenPgpErrorCode
  readonly message: string
  /** The line of the armour block, from 1; null for binary input. */
  readonly line: number | null
  readonly offset: number
  /** The primary key that it belongs to, when that much could be read. */
  readonly fingerprint: string | null
}

/** A run of packets: one armour block decoded, or the whole of binary input (`line` null). */
export interface KeyStream {
  readonly bytes: Uint8Array
  readonly line: number | null
}

/**
 * Takes a keyring file apart into runs of packets. Between armour blocks there may be blank lines and lines that begin
 * with `#`; anything else, and every block that cannot be read, is reported in `broken` and passed over.
 *
 * Throws {@link OpenPgpError} `too_long` over 64 MiB.
 */
export function readKeyStreams(bytes: Uint8Array, broken: BrokenPart[]): readonly KeyStream[] {
  if (bytes.length > MAX_BYTES) throw new OpenPgpError('too_long', `a keyring may have at most ${MAX_BYTES} bytes`)
  // Every packet header has its top bit set, and no armour does.
  if ((bytes[0] ?? 0) & 0x80) return [{ bytes, line: null }]
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const streams: KeyStream[] = []
  let line = 1
  for (let at = 0; at < text.length; ) {
    const next = lineEnd(text, at)
    let end = next
    if (text.startsWith('-----', at)) {
      try {
        const block = readArmorBlock(text, at)
        if (block.label !== 'PUBLIC KEY BLOCK') throw new OpenPgpError('armor_begin', `a PGP ${block.label}, not keys`)
        streams.push({ bytes: block.bytes, line })
        end = lineEnd(text, block.end)
      } catch (error) {
        if (!(error instanceof OpenPgpError)) throw error
        report(broken, error, line, at)
        end = nextBegin(text, next)
      }
    } else if (!isComment(text.slice(at, next))) {
      report(broken, new OpenPgpError('armor_begin', 'text that is neither armour nor a comment'), line, at)
      end = nextBegin(text, next)
    }
    line += countLines(text, at, end)
    at = end
  }
  return streams
}

function report(broken: BrokenPart[], { code, message }: OpenPgpError, line: number, offset: number): void {
  broken.push({ code, message, line, offset, fingerprint: null })
}

const isComment = (line: string): boolean => line.trim() === '' || line.startsWith('#')

function nextBegin(text: string, from: number): number {
  const begin = text.indexOf('\n-----BEGIN ', from - 1)
  return begin === -1 ? text.length : begin + 1
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end + 1
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
