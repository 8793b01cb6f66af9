import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SigningKeyError } from '../../workflows/ports/signing-key.ts'

/** The private keys of a log. A witness's key is not among them: it must not sign again after its memory was put back. */
const PRIVATE = ['evidence.pem', 'log.pem', 'log-next.pem']
/** Who may send evidence, and which keys the log has had: nothing secret. */
const PUBLIC = ['log-keys.json']
const SENDERS = 'senders'

/**
 * Copies the key files of one data folder's `keys/` to another (folders 0700, files 0600), the private ones where asked; never over a
 * file that is there. Returns their names. Rejects with {@link SigningKeyError} `key_inaccessible`.
 */
export async function copyKeys(
  from: string,
  to: string,
  { withPrivate }: { readonly withPrivate: boolean },
): Promise<readonly string[]> {
  try {
    const wanted = withPrivate ? [...PUBLIC, ...PRIVATE] : PUBLIC
    const here = await namesIn(from)
    const names = here.filter((name) => wanted.includes(name))
    const senders = (await namesIn(join(from, SENDERS))).map((name) => join(SENDERS, name))
    for (const name of [...names, ...senders]) {
      await mkdir(dirname(join(to, name)), MAKE)
      await copyPrivately(join(from, name), join(to, name))
    }
    return [...names, ...senders]
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no code'
    throw new SigningKeyError('key_inaccessible', `the keys in ${from} cannot be copied to ${to} (${code})`, { cause })
  }
}

const MAKE = { recursive: true, mode: 0o700 } as const

async function copyPrivately(from: string, to: string): Promise<void> {
  const target = await open(to, 'wx', 0o600)
  try {
    const source = await open(from, 'r')
    try {
      await target.writeFile(await source.readFile())
      await target.sync()
    } finally {
      await source.close()
    }
  } finally {
    await target.close()
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true })
    return found.filter((one) => one.isFile()).map(({ name }) => name)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw cause
  }
}
