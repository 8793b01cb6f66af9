import { fromUtf8, printable } from '../bytes/encoding.ts'
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

/**
 * Reads `Name <email> seconds zone`, one character a byte.
 *
 * The e-mail lies between the first `<` and the first `>` after it, and the date follows the last `>`, as in git's
 * `split_ident_line`. Throws {@link GitObjectError} `bad_ident` where a part is missing or the time is not a whole
 * number that JavaScript can hold.
 */
export function parseIdent(value: string): Ident {
  const { name, email, time, zone } = readIdent(value)
  return { name: printable(decoded(name).trim()), email: printable(decoded(email)), time, zone }
}

/** The parts of an identity as {@link parseIdent} finds them, name and e-mail still one character a byte. Throws as that does. */
export function readIdent(value: string): Ident {
  const open = value.indexOf('<')
  const close = open === -1 ? -1 : value.indexOf('>', open)
  if (close === -1) throw new GitObjectError('bad_ident', 'no <e-mail> in an identity line')
  const date = /^ (\d{1,15}) ([+-]\d{4,7})$/.exec(value.slice(value.lastIndexOf('>') + 1))
  if (date === null) throw new GitObjectError('bad_ident', 'no "seconds zone" after the e-mail of an identity line')
  return {
    name: value.slice(0, open),
    email: value.slice(open + 1, close),
    time: Number(date[1]),
    zone: String(date[2]),
  }
}

function decoded(text: string): string {
  try {
    return fromUtf8(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}

/**
 * The time in the `committer` or `tagger` line of a header text, in Unix seconds, read as leniently as git reads it for a
 * signature check (`gpg-interface.c`, `parse_payload_metadata`): 0 where the line has no time; null where there is no such line
 * or it holds no e-mail, and git gives up before it looks at the signature.
 */
export function claimedTime(headers: string, who: 'committer' | 'tagger'): number | null {
  const at = headers.startsWith(`${who} `) ? 0 : headers.indexOf(`\n${who} `)
  if (at === -1) return null
  const line = headers.slice(at, afterLine(headers, at + 1))
  const open = line.indexOf('<')
  if (open === -1 || line.indexOf('>', open) === -1 || line.slice(0, open).includes('\0')) return null
  const date = /^[ \t\r]*(\d+)[ \t\r]*[+-]\d/.exec(line.slice(line.lastIndexOf('>') + 1))
  return date === null ? 0 : Math.min(Number(date[1]), Number.MAX_SAFE_INTEGER)
}
