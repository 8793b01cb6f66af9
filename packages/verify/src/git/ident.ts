import { fromUtf8, latin1, printable } from '../bytes/encoding.ts'
import { GitObjectError } from './git-object-error.ts'
import { afterLine } from './header-lines.ts'

/** Who a commit or tag names, as written: nobody has proved it yet. */
export interface Ident {
  /** Text for people: bytes that are not UTF-8 are read as Latin-1, control characters are replaced. */
  readonly name: string
  /** Compared exactly; letter case is kept. */
  readonly email: string
  /** Unix seconds. */
  readonly time: number
  /** As written, for example `+0200`. */
  readonly zone: string
}

const LT = 0x3c
const GT = 0x3e

/**
 * Reads `Name <email> seconds zone`.
 *
 * The e-mail lies between the first `<` and the first `>` after it, and the date follows the last `>`, as in git's
 * `split_ident_line`. Throws {@link GitObjectError} `bad_ident` where a part is missing or the time is not a whole
 * number that JavaScript can hold.
 */
export function parseIdent(value: Uint8Array): Ident {
  const open = value.indexOf(LT)
  const close = open === -1 ? -1 : value.indexOf(GT, open)
  const last = value.lastIndexOf(GT)
  if (close === -1) throw new GitObjectError('bad_ident', 'no <e-mail> in an identity line')
  const date = /^ (\d{1,15}) ([+-]\d{4,7})$/.exec(text(value.subarray(last + 1)))
  if (date === null) throw new GitObjectError('bad_ident', 'no "seconds zone" after the e-mail of an identity line')
  return {
    name: printable(text(value.subarray(0, open)).trim()),
    email: printable(text(value.subarray(open + 1, close))),
    time: Number(date[1]),
    zone: String(date[2]),
  }
}

function text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    return latin1(bytes)
  }
}

/**
 * The time in a payload's `committer` or `tagger` line, in Unix seconds, read as leniently as git reads it for a signature
 * check (`gpg-interface.c`, `parse_payload_metadata`): 0 where the line has no time; null where there is no such line or it
 * holds no e-mail, and git gives up before it looks at the signature.
 */
export function claimedTime(payload: Uint8Array, who: 'committer' | 'tagger'): number | null {
  const line = lineOf(payload, who)
  const open = line?.indexOf(LT) ?? -1
  if (line === null || open === -1 || line.indexOf(GT, open) === -1 || line.subarray(0, open).includes(0)) return null
  const date = /^[ \t\r]*(\d+)[ \t\r]*[+-]\d/.exec(text(line.subarray(line.lastIndexOf(GT) + 1)))
  return date === null ? 0 : Math.min(Number(date[1]), Number.MAX_SAFE_INTEGER)
}

const PREFIXES = { committer: Buffer.from('committer '), tagger: Buffer.from('tagger ') } as const

function lineOf(payload: Uint8Array, key: keyof typeof PREFIXES): Uint8Array | null {
  const prefix = PREFIXES[key]
  for (let at = 0, end = 0; at < payload.length && payload[at] !== 0x0a; at = end) {
    end = afterLine(payload, at)
    if (payload[at] === prefix[0] && prefix.equals(payload.subarray(at, at + prefix.length))) {
      return payload.subarray(at + prefix.length, end)
    }
  }
  return null
}
