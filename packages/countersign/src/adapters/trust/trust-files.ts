import { readFile, stat } from 'node:fs/promises'
import type { TrustMaterial } from '@countersign/verify'
import { Problem } from '../../workflows/problem.ts'

/** Paths of files with key material, in the formats of OpenSSH, GnuPG and OpenSSL. */
export type TrustFiles = { readonly [kind in keyof TrustMaterial]: readonly string[] }

const MAX_BYTES = 64 * 1024 * 1024

/** Reads files with key material. Rejects with `Problem` `file_unreadable`, naming the file; what they hold is not looked at. */
export async function readTrustFiles(files: TrustFiles): Promise<TrustMaterial> {
  const read = (paths: readonly string[]): Promise<Uint8Array[]> => Promise.all(paths.map(readOne))
  const [allowedSigners, keyrings, x509Roots, revoked, logKeys] = await Promise.all([
    read(files.allowedSigners),
    read(files.keyrings),
    read(files.x509Roots),
    read(files.revoked),
    read(files.logKeys ?? []),
  ])
  const known = { allowedSigners, keyrings, x509Roots, revoked }
  return logKeys.length === 0 ? known : { ...known, logKeys }
}

async function readOne(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > MAX_BYTES) throw new Problem('file_unreadable', `${path} is larger than ${MAX_BYTES} bytes`)
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('file_unreadable', `${path}: ${cause instanceof Error ? cause.message : 'cannot be read'}`, {
      cause,
    })
  }
}
