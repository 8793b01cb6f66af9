import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ED25519_NOTE, equalBytes, formatVerifierKey, type LogTrust, parseVerifierKey } from '@countersign/verify'
import { z } from 'zod'
import {
  keyringTrust,
  type LogKeyring,
  LogKeyringError,
  requireKeyring,
  signingRange,
  singleKeyring,
} from '../../judge/log-keys/log-keyring.ts'
import { type SigningKey, SigningKeyError } from '../../workflows/ports/signing-key.ts'
import { openKeyFile, type WhenAbsent } from './key-file.ts'

/** The keys of a log: all that it has had, and the one that signs. */
export interface LogKeys {
  readonly keyring: LogKeyring
  /** What the keyring is trusted for. */
  readonly trust: LogTrust
  /** Signs until another key takes over, in whichever process that happens; then throws {@link SigningKeyError} `key_retired`. */
  readonly key: SigningKey
}

/**
 * The files that hold a log's keys: `log.pem`, and once the key was changed, `log-keys.json`, which says which key signs and which ones
 * did. While it is being changed, `log-next.pem` holds the new one. Every method rejects with {@link SigningKeyError}.
 */
export interface LogKeyFiles {
  open(whenAbsent: WhenAbsent): Promise<LogKeys>
  /** The key that is to sign next, made once. */
  makeNext(): Promise<SigningKey>
  /** Stores the keyring; durable when it settles. From then on its last key signs. */
  store(keyring: LogKeyring): Promise<void>
  /** Puts the key that signs in the place of the one before, whose private half is gone then. */
  promote(): Promise<void>
}

/** Another process may change the key while it is opened, but not this often. */
const ATTEMPTS = 10

/** `originOf` names a log after its first key. */
export function logKeyFiles(logFile: string, originOf: (first: SigningKey) => string): LogKeyFiles {
  const folder = dirname(logFile)
  const [nextFile, ringFile] = [join(folder, 'log-next.pem'), join(folder, 'log-keys.json')]
  const keysOf = (keyring: LogKeyring, key: SigningKey, stamp: string): LogKeys => ({
    keyring,
    trust: keyringTrust(keyring),
    key: whileActive(key, ringFile, stamp),
  })
  return {
    async open(whenAbsent) {
      for (let attempt = 1; ; attempt++) {
        // Before it is read: what changes in between is then seen here, or at the first signature.
        const stamp = stampOf(ringFile)
        const stored = readKeyring(ringFile)
        const key = stored === null ? await openKeyFile(logFile, whenAbsent) : await keyOf(stored, [nextFile, logFile])
        const isSettled = stampOf(ringFile) === stamp
        if (key !== null && isSettled) return keysOf(stored ?? firstKeyring(originOf(key), key), key, stamp)
        if (isSettled || attempt === ATTEMPTS) {
          const message = `${logFile} is not the key that signs this log, and no other is there`
          throw new SigningKeyError('key_missing', message)
        }
      }
    },
    makeNext: () => openKeyFile(nextFile, 'make'),
    store: (keyring) => writeKeyring(ringFile, keyring),
    async promote() {
      const stored = readKeyring(ringFile)
      // Only the key that signs: another run may have finished this change, and begun the next one.
      if (stored === null || (await keyOf(stored, [nextFile])) === null) return
      try {
        await rename(nextFile, logFile)
        await syncFolder(folder)
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT') throw inaccessible(nextFile, cause)
      }
    },
  }
}

const Keyring = z.strictObject({
  origin: z.string(),
  keys: z.array(
    z.strictObject({
      verifierKey: z.string(),
      from: z.int().min(0),
      until: z.int().min(0).nullable(),
    }),
  ),
})

function readKeyring(file: string): LogKeyring | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    throw inaccessible(file, cause)
  }
  try {
    const keyring = Keyring.parse(JSON.parse(text))
    requireKeyring(keyring)
    return keyring
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof z.ZodError || cause instanceof LogKeyringError)) throw cause
    throw new SigningKeyError('key_damaged', `${file} does not list the keys of a log: ${cause.message}`, { cause })
  }
}

/** Replaces the file at once, never half: it decides which key signs. */
async function writeKeyring(file: string, keyring: LogKeyring): Promise<void> {
  requireKeyring(keyring)
  const waiting = `${file}.${randomBytes(8).toString('hex')}`
  try {
    const handle = await open(waiting, 'wx', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify(keyring, null, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(waiting, file)
    await syncFolder(dirname(file))
  } catch (cause) {
    throw inaccessible(file, cause)
  } finally {
    await rm(waiting, { force: true })
  }
}

function firstKeyring(origin: string, key: SigningKey): LogKeyring {
  return singleKeyring(formatVerifierKey(origin, ED25519_NOTE, key.publicKey))
}

/** The first key in these files that the keyring says signs; null when there is none. */
async function keyOf(keyring: LogKeyring, files: readonly string[]): Promise<SigningKey | null> {
  const { publicKey } = parseVerifierKey(signingRange(keyring).verifierKey)
  for (const file of files) {
    const key = await openUnlessMissing(file)
    if (key !== null && equalBytes(key.publicKey, publicKey)) return key
  }
  return null
}

async function openUnlessMissing(file: string): Promise<SigningKey | null> {
  try {
    return await openKeyFile(file, 'refuse')
  } catch (cause) {
    if (cause instanceof SigningKeyError && cause.code === 'key_missing') return null
    throw cause
  }
}

/**
 * Looks before every signature whether the list of keys is still the one that the key was opened under. A process that runs on while
 * the key is changed must not sign with the old one: nobody would believe it, and what it published would stop the log.
 */
function whileActive(key: SigningKey, ringFile: string, opened: string): SigningKey {
  let seen = opened
  const requireActive = (): void => {
    const now = stampOf(ringFile)
    if (now === seen) return
    const keyring = readKeyring(ringFile)
    const active = keyring === null ? null : parseVerifierKey(signingRange(keyring).verifierKey).publicKey
    if (active === null || !equalBytes(active, key.publicKey)) {
      throw new SigningKeyError('key_retired', 'another key signs this log since: run the command again')
    }
    seen = now
  }
  const { sign, signApart } = key
  const guarded = {
    ...key,
    sign: (bytes: Uint8Array) => {
      requireActive()
      return sign(bytes)
    },
  }
  if (signApart === undefined) return guarded
  return {
    ...guarded,
    signApart: async (bytes) => {
      requireActive()
      return signApart(bytes)
    },
  }
}

/** Tells one state of a file from every other: it is only ever replaced as a whole. */
function stampOf(file: string): string {
  try {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? 'absent' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
  } catch (cause) {
    throw inaccessible(file, cause)
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function inaccessible(file: string, cause: unknown): SigningKeyError {
  return new SigningKeyError('key_inaccessible', `${file} cannot be used (${codeOf(cause)})`, { cause })
}
