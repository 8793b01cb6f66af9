import { SshError } from './ssh-error.ts'

/** The options of an allowed signers line. Text has one character per byte. */
export interface SignerOptions {
  readonly certAuthority: boolean
  /** A pattern list, or null when the key may sign in every namespace. */
  readonly namespaces: string | null
  /** Unix seconds, inclusive; null when there is no bound. */
  readonly validAfter: number | null
  /** Unix seconds, inclusive; null when there is no bound. */
  readonly validBefore: number | null
}

export const NO_OPTIONS: SignerOptions = { certAuthority: false, namespaces: null, validAfter: null, validBefore: null }

const VALUE_OPTION = /(namespaces|valid-after|valid-before)="((?:[^"\\]|\\"|\\(?!"))*)"/iy
const FLAG_OPTION = /cert-authority/iy

/**
 * Parses the comma-separated options of an allowed signers line; keywords are case-insensitive.
 * `utcOffsetMinutes` is what local time is ahead of UTC, for times without `Z`.
 * Throws {@link SshError}: `unknown_option`, `repeated_option`, `bad_option` (value not quoted, or a comma at the end), `bad_time`,
 * `empty_validity`.
 */
export function parseSignerOptions(text: string, utcOffsetMinutes: number): SignerOptions {
  const values = new Map<string, string>()
  let certAuthority = false
  for (let at = 0; at < text.length; ) {
    const flag = matchAt(FLAG_OPTION, text, at)
    const value = matchAt(VALUE_OPTION, text, at)
    if (flag !== null) certAuthority = true
    else if (value !== null) addOnce(values, (value[1] as string).toLowerCase(), value[2] as string)
    at += (flag ?? value)?.[0].length ?? 0
    if (at < text.length && text[at] !== ',') throw badOption(text.slice(at))
    if (at === text.length - 1) throw new SshError('bad_option', 'a comma at the end of the options')
    at++
  }
  const options = {
    certAuthority,
    namespaces: unescaped(values.get('namespaces')),
    validAfter: optionalTime(values.get('valid-after'), utcOffsetMinutes),
    validBefore: optionalTime(values.get('valid-before'), utcOffsetMinutes),
  }
  if (options.validAfter !== null && options.validBefore !== null && options.validBefore <= options.validAfter) {
    throw new SshError('empty_validity', 'valid-before is not after valid-after')
  }
  return options
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function addOnce(values: Map<string, string>, keyword: string, value: string): void {
  if (values.has(keyword)) throw new SshError('repeated_option', `${keyword} is given twice`)
  values.set(keyword, value)
}

function badOption(rest: string): SshError {
  const isKnown = /^(?:namespaces|valid-after|valid-before)=/i.test(rest)
  return new SshError(isKnown ? 'bad_option' : 'unknown_option', `cannot read ${JSON.stringify(rest.slice(0, 64))}`)
}

const unescaped = (value: string | undefined): string | null => value?.replaceAll('\\"', '"') ?? null

function optionalTime(value: string | undefined, utcOffsetMinutes: number): number | null {
  return value === undefined ? null : parseSshTime(value, utcOffsetMinutes)
}

const TIME = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i

/**
 * The Unix seconds of `YYYYMMDD[Z]` or `YYYYMMDDHHMM[SS][Z]`. A day that its month does not have runs into the next month, and
 * seconds may be 60 or 61, as in the C library that OpenSSH asks. Throws {@link SshError} `bad_time`, also for times up to 1970.
 */
export function parseSshTime(text: string, utcOffsetMinutes: number): number {
  const match = TIME.exec(text)
  const [year, month, day, hour, minute, second] = (match ?? [])
    .slice(1, 7)
    .map((part) => Number(part ?? 0)) as Sextuple
  const isTime =
    match !== null && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 62
  if (!isTime || year < 1900) throw new SshError('bad_time', `not a time: ${JSON.stringify(text.slice(0, 64))}`)
  const local = Date.UTC(year, month - 1, day, hour, minute, second) / 1000
  const seconds = match[7] === undefined ? local - utcOffsetMinutes * 60 : local
  if (seconds <= 0) throw new SshError('bad_time', 'a time that is not after 1970')
  return seconds
}

type Sextuple = [number, number, number, number, number, number]
