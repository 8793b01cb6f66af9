import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type EnvelopeKey, ed25519EnvelopeKey, formatEvidenceKey } from '@countersign/verify'
import { SigningKeyError } from '../../workflows/ports/signing-key.ts'
import { Problem } from '../../workflows/problem.ts'

/** Somebody who may send evidence, or might once. */
export interface Sender {
  readonly name: string
  readonly key: EnvelopeKey
  /** A retired sender's evidence is still read, and none is taken any more. */
  readonly isRetired: boolean
}

/**
 * The public keys of senders, one file each: `NAME.pub`, and `NAME.retired` once nothing more is taken. Every method rejects with `Problem`
 * `sender_key_malformed` for a file that is no Ed25519 public key in PEM, and with `SigningKeyError` for a file that others may change.
 */
export interface SenderKeys {
  /** All of them, by name. */
  list(): Promise<readonly Sender[]>
  /** Trusts a key under a name; the same again changes nothing. Rejects with `Problem` `already_there` when the name or the key is used. */
  trust(name: string, pem: string): Promise<Sender>
  /** Takes no more from a sender. Rejects with `Problem` `sender_unknown` where there is none of that name. */
  retire(name: string): Promise<void>
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/
const FILE = /^([a-z0-9][a-z0-9._-]{0,62})\.(pub|retired)$/
const MAX_BYTES = 4_096

export function senderKeys(folder: string): SenderKeys {
  const list = async (): Promise<readonly Sender[]> => {
    const senders: Sender[] = []
    for (const file of (await filesIn(folder)).toSorted()) {
      const [, name, kind] = FILE.exec(file) ?? []
      if (name === undefined) continue
      const key = keyOf(file, await readOwnFile(join(folder, file)))
      senders.push({ name, key: ed25519EnvelopeKey(key), isRetired: kind === 'retired' })
    }
    return senders
  }
  return {
    list,
    trust: async (name, pem) => {
      if (!NAME.test(name))
        throw new Problem('usage', 'a sender is called by lower-case letters, digits, dots, dashes and underscores')
      const key = keyOf(name, pem)
      const sender = { name, key: ed25519EnvelopeKey(key), isRetired: false }
      for (const other of await list()) {
        const isSame = other.key.keyId === sender.key.keyId
        if (isSame && other.name === name && !other.isRetired) return sender
        if (isSame)
          throw new Problem('already_there', `${other.name} has this key${other.isRetired ? ', retired' : ''}`)
        if (other.name === name) throw new Problem('already_there', `${name} has another key`)
      }
      // Spelt anew, so that nothing else in the file that was given is kept.
      const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32)
      await placeDurably(folder, `${name}.pub`, formatEvidenceKey(raw))
      return sender
    },
    retire: async (name) => {
      const sender = (await list()).find((one) => one.name === name)
      if (sender === undefined) throw new Problem('sender_unknown', 'there is no sender of that name')
      if (sender.isRetired) return
      await rename(join(folder, `${name}.pub`), join(folder, `${name}.retired`))
      await syncFolder(folder)
    },
  }
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []
    throw new SigningKeyError('key_inaccessible', `${folder} cannot be read (${codeOf(cause)})`, { cause })
  }
}

/** Reads a file that only its owner can change: who can change it decides whose evidence is taken. */
async function readOwnFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause) => {
    const code = codeOf(cause) === 'ELOOP' ? 'key_not_a_file' : 'key_inaccessible'
    throw new SigningKeyError(code, `${path} cannot be opened (${codeOf(cause)})`, { cause })
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new SigningKeyError('key_not_a_file', `${path} is not a file`)
    if ((stat.mode & 0o022) !== 0 || stat.uid !== (process.geteuid?.() ?? stat.uid))
      throw new SigningKeyError('key_permissions', `${path} can be changed by others than its owner`)
    if (stat.size > MAX_BYTES) throw new Problem('sender_key_malformed', `${path} is too long for a key`)
    return await file.readFile('latin1')
  } finally {
    await file.close()
  }
}

function keyOf(name: string, pem: string): KeyObject {
  // A private key would be read as its public half: whoever hands one over has made a mistake that must be told.
  if (pem.length > MAX_BYTES || pem.includes('PRIVATE KEY'))
    throw new Problem('sender_key_malformed', `what was given for ${name} is no public key`)
  try {
    const key = createPublicKey({ key: pem, format: 'pem' })
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Without the cause: it might quote what was given.
  }
  throw new Problem('sender_key_malformed', `what was given for ${name} is no Ed25519 public key in PEM`)
}

async function placeDurably(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const waiting = join(folder, `.${randomBytes(8).toString('hex')}`)
  const file = await open(waiting, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(waiting, join(folder, name))
    await syncFolder(folder)
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw new Problem('already_there', `there is a sender of that name`, { cause })
    throw cause
  } finally {
    await rm(waiting, { force: true })
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no code'
}
