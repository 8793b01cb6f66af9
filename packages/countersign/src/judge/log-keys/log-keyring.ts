import {
  ED25519_NOTE,
  ed25519NoteKey,
  type LogTrust,
  type NoteKey,
  parseCheckpoint,
  parseVerifierKey,
  TlogError,
  toHex,
} from '@countersign/verify'

/** A key of a log and the sizes that it signs checkpoints of, both included. `until` is null while nothing ends it. */
export interface LogKeyRange {
  readonly verifierKey: string
  readonly from: number
  readonly until: number | null
}

/** Every key that a log has had, oldest first; the last one signs. The origin stays the one that was made from the first. */
export interface LogKeyring {
  readonly origin: string
  readonly keys: readonly LogKeyRange[]
}

/** A list of keys that a log cannot have had. */
export class LogKeyringError extends Error {
  override readonly name = 'LogKeyringError'
  readonly code = 'malformed_keyring'
}

/** The keyring of a log that never changed its key. Throws `TlogError` `malformed_key`. */
export function singleKeyring(verifierKey: string): LogKeyring {
  return { origin: parseVerifierKey(verifierKey).name, keys: [{ verifierKey, from: 0, until: null }] }
}

/** The key that signs. */
export function signingRange({ keys }: LogKeyring): LogKeyRange {
  return keys.at(-1) as LogKeyRange
}

/** Whether a key was replaced and it is not settled yet which size was its last. */
export function isRotating({ keys }: LogKeyring): boolean {
  return keys.slice(0, -1).some(({ until }) => until === null)
}

/**
 * Holds a keyring to its rules: at least one key, each Ed25519 and of the origin's name, none twice; the first from 0, each at most
 * from where the one before ends; only the last two without an end, and the last one never with one. Throws {@link LogKeyringError}.
 */
export function requireKeyring({ origin, keys }: LogKeyring): void {
  if (keys.length === 0) throw new LogKeyringError('a log has at least one key')
  const seen = new Set<string>()
  for (const [at, { verifierKey, from, until }] of keys.entries()) {
    const { name, publicKey } = parsed(verifierKey)
    if (name !== origin) throw new LogKeyringError(`key ${at} is that of another log`)
    if (seen.has(publicKey)) throw new LogKeyringError(`key ${at} is there twice`)
    seen.add(publicKey)
    const before = keys[at - 1]
    const isLast = at === keys.length - 1
    if (before === undefined ? from !== 0 : from < before.from || from > (before.until ?? from)) {
      throw new LogKeyringError(`key ${at} begins at ${from}, which does not join on to the one before`)
    }
    if (isLast ? until !== null : until === null ? at !== keys.length - 2 : until < from) {
      throw new LogKeyringError(`key ${at} ends at ${until}`)
    }
  }
}

/**
 * What a keyring is trusted for: each key for checkpoints of its own sizes. One that a key signed beyond its sizes is refused like a
 * signature that does not hold. Throws {@link LogKeyringError}.
 */
export function keyringTrust(keyring: LogKeyring): LogTrust {
  requireKeyring(keyring)
  return { origin: keyring.origin, keys: keyring.keys.map(rangedKey) }
}

function rangedKey({ verifierKey, from, until }: LogKeyRange): NoteKey {
  const key = ed25519NoteKey(verifierKey)
  return {
    ...key,
    verify: (text, signature) => {
      const size = sizeOf(text)
      return size !== null && size >= from && (until === null || size <= until) && key.verify(text, signature)
    },
  }
}

function sizeOf(text: string): number | null {
  try {
    return parseCheckpoint(text).size
  } catch (cause) {
    if (cause instanceof TlogError) return null
    throw cause
  }
}

function parsed(verifierKey: string): { readonly name: string; readonly publicKey: string } {
  try {
    const { name, type, publicKey } = parseVerifierKey(verifierKey)
    if (type === ED25519_NOTE && publicKey.length === 32) return { name, publicKey: toHex(publicKey) }
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
  }
  throw new LogKeyringError(`${verifierKey.slice(0, 100)} is no Ed25519 verifier key`)
}
