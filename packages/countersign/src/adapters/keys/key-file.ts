import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { envelopeKeyId } from '@countersign/verify'
import { type SigningKey, SigningKeyError } from '../../workflows/ports/signing-key.ts'

/**
 * Opens the Ed25519 key in a PKCS #8 PEM file. When there is no file, `make` makes file and folder (modes 0600 and 0700), and
 * processes that do so at the same time all get the one key that was first; `refuse` rejects with `key_missing`. Rejects with
 * {@link SigningKeyError}: `key_permissions` when anybody but the owner may touch the file, `key_not_a_file` for a symbolic link or a folder, `key_damaged`, `key_unsupported` for another
 * algorithm, `key_inaccessible` when the system refuses.
 */
export async function openKeyFile(path: string, whenAbsent: WhenAbsent): Promise<SigningKey> {
  try {
    const pem = await readKeyFile(path)
    if (pem !== null) return signingKey(parsePem(path, pem))
    if (whenAbsent === 'refuse')
      throw new SigningKeyError('key_missing', `${path} is gone, and what it signed is there`)
    return signingKey(parsePem(path, await createKeyFile(path)))
  } catch (cause) {
    if (cause instanceof SigningKeyError) throw cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'no code'
    throw new SigningKeyError('key_inaccessible', `${path} cannot be used (${code})`, { cause })
  }
}

/** What becomes of a key file that is not there. */
export type WhenAbsent = 'make' | 'refuse'

const MAX_PEM_BYTES = 4_096

async function readKeyFile(path: string): Promise<string | null> {
  const file = await openUnlessAbsent(path)
  try {
    return file === null ? null : await readPrivateFile(path, file)
  } finally {
    await file?.close()
  }
}

async function openUnlessAbsent(path: string): Promise<FileHandle | null> {
  try {
    // Not through a symbolic link: whoever can place one could have another file used, and its mode checked, instead.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return null
    if (code === 'ELOOP') throw new SigningKeyError('key_not_a_file', `${path} is a symbolic link`)
    throw error
  }
}

/** Reads an open file after checking the very file that is open, so that nobody can swap it in between. */
async function readPrivateFile(path: string, file: FileHandle): Promise<string> {
  const stat = await file.stat()
  if (!stat.isFile()) throw new SigningKeyError('key_not_a_file', `${path} is not a file`)
  const me = process.geteuid?.() ?? stat.uid
  if ((stat.mode & 0o077) !== 0 || stat.uid !== me) {
    throw new SigningKeyError('key_permissions', `${path} is open to others than its owner; its mode must be 0600`)
  }
  if (stat.size > MAX_PEM_BYTES) throw new SigningKeyError('key_damaged', `${path} is too long for a key`)
  return file.readFile('latin1')
}

async function createKeyFile(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ed25519')
  const waiting = `${path}.${randomBytes(8).toString('hex')}`
  await writeDurably(waiting, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  try {
    // Linking, unlike creating and then writing, never shows another process half a key, and fails if there is a file.
    await link(waiting, path)
    await syncFolder(dirname(path))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(waiting, { force: true })
  }
  const pem = await readKeyFile(path)
  if (pem === null) throw new SigningKeyError('key_inaccessible', `${path} disappeared while it was made`)
  return pem
}

async function writeDurably(path: string, text: string | Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
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

function parsePem(path: string, pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // Without the cause: it might quote the key.
    throw new SigningKeyError('key_damaged', `${path} holds no private key in PKCS #8 PEM form`)
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new SigningKeyError('key_unsupported', `${path} holds a key of type ${key.asymmetricKeyType}, not Ed25519`)
  }
  return key
}

function signingKey(privateKey: KeyObject): SigningKey {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    keyId: envelopeKeyId(spki),
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (bytes) => sign(null, bytes, privateKey),
    signApart: (bytes) =>
      new Promise((resolve, reject) => {
        sign(null, bytes, privateKey, (error, signature) => (error === null ? resolve(signature) : reject(error)))
      }),
  }
}
