import { isUtf8 } from 'node:buffer'
import { latin1 } from '../../bytes/encoding.ts'
import { NO_OPTIONS, parseSignerOptions, type SignerOptions } from './signer-options.ts'
import { SshError, type SshErrorCode } from './ssh-error.ts'
import { parseSshKeyText, type SshKey } from './ssh-key.ts'
import { sshTypeInText } from './ssh-public-key.ts'
import { byteText } from './sshsig.ts'

/** One line that says who may sign with which key. */
export interface AllowedSigner extends SignerOptions {
  /** Counted from 1. */
  readonly line: number
  /** A pattern list, one character per UTF-8 byte. */
  readonly principals: string
  readonly key: SshKey
}

/** A line that was left out, as `ssh-keygen` leaves it out, and why. */
export interface AllowedSignersProblem {
  readonly line: number
  readonly code: SshErrorCode
  readonly message: string
}

export interface AllowedSigners {
  readonly signers: readonly AllowedSigner[]
  readonly problems: readonly AllowedSignersProblem[]
  /** Lines without `cert-authority`, by the id of their key or certificate, in file order. */
  readonly byKey: ReadonlyMap<string, readonly AllowedSigner[]>
  /** Lines with `cert-authority`, by the id of their plain key, in file order. */
  readonly byAuthority: ReadonlyMap<string, readonly AllowedSigner[]>
}

export interface AllowedSignersOptions {
  /** Minutes that the local time of times without `Z` is ahead of UTC; 0 when not given. */
  readonly utcOffsetMinutes?: number
}

const MAX_FILE_BYTES = 16 * 1024 * 1024
const MAX_LINE_BYTES = 256 * 1024

/**
 * Parses an allowed signers file (ssh-keygen(1), ALLOWED SIGNERS) with OpenSSH's reading of every odd line.
 * A line that is not valid is reported in `problems` and counts for nothing; the rest of the file stands.
 * Throws {@link SshError} `too_large` for a file of more than 16 MiB.
 */
export function parseAllowedSigners(file: Uint8Array | string, options: AllowedSignersOptions = {}): AllowedSigners {
  const text = typeof file === 'string' ? byteText(file) : latin1(file)
  if (text.length > MAX_FILE_BYTES) throw new SshError('too_large', `an allowed signers file of ${text.length} bytes`)
  const signers: AllowedSigner[] = []
  const problems: AllowedSignersProblem[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.replace(/^[ \t]+/, '')
    if (content === '' || content === '\r' || content.startsWith('#')) continue
    try {
      signers.push({ line: index + 1, ...parseSignerLine(content, options.utcOffsetMinutes ?? 0) })
    } catch (error) {
      if (!(error instanceof SshError)) throw error
      problems.push({ line: index + 1, code: error.code, message: error.message })
    }
  }
  const byKey = Map.groupBy(
    signers.filter((signer) => !signer.certAuthority),
    (signer) => signer.key.id,
  )
  const byAuthority = Map.groupBy(
    signers.filter((signer) => signer.certAuthority),
    (signer) => signer.key.plain.id,
  )
  return { signers, problems, byKey, byAuthority }
}

function parseSignerLine(line: string, utcOffsetMinutes: number): Omit<AllowedSigner, 'line'> {
  if (line.length > MAX_LINE_BYTES) throw new SshError('too_large', `a line of ${line.length} bytes`)
  if (line.includes('\0')) throw new SshError('embedded_nul', 'a zero byte')
  if (!isUtf8(Buffer.from(line, 'latin1'))) throw new SshError('not_text', 'not UTF-8')
  const [principals, rest] = splitPrincipals(line)
  const firstWord = /^[^ \t]*/.exec(rest)?.[0] ?? ''
  if (sshTypeInText(firstWord) !== null) return { principals, ...NO_OPTIONS, key: parseSshKeyText(rest).key }
  const [options, keyText] = splitOptions(rest)
  return { principals, key: parseSshKeyText(keyText).key, ...parseSignerOptions(options, utcOffsetMinutes) }
}

/** A word, of which one stretch may be quoted; after the closing quote the next word may follow at once. */
function splitPrincipals(line: string): readonly [string, string] {
  const [, bare, quoted, rest] = /^([^ \t\r"]*)(?:"([^"]*)"|[ \t\r])[ \t\r]*(.*)$/s.exec(line) ?? []
  if (bare === undefined || rest === undefined) {
    throw line.includes('"')
      ? new SshError('unterminated_quote', 'the principals have no closing quote')
      : new SshError('missing_key', 'a line of one word')
  }
  return [bare + (quoted ?? ''), rest]
}

/** The options end at the first blank outside double quotes; a backslash keeps a quote from counting. */
function splitOptions(text: string): readonly [string, string] {
  let isQuoted = false
  let at = 0
  for (; at < text.length && (isQuoted || (text[at] !== ' ' && text[at] !== '\t')); at++) {
    if (text[at] === '\\' && text[at + 1] === '"') at++
    else if (text[at] === '"') isQuoted = !isQuoted
  }
  if (isQuoted) throw new SshError('unterminated_quote', 'the options have no closing quote')
  const key = text.slice(at).replace(/^[ \t]+/, '')
  if (key === '') throw new SshError('missing_key', 'no key follows the options')
  return [text.slice(0, at), key]
}
