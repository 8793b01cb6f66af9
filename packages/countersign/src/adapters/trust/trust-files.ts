import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { TrustMaterial } from '@countersign/verify'
import { Problem } from '../../workflows/problem.ts'

/** Paths of files with key material, in the formats of OpenSSH, GnuPG and OpenSSL. */
export type TrustFiles = { readonly [kind in keyof TrustMaterial]: readonly string[] }

const MAX_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024

/**
 * Reads files with key material. Only regular files of at most 64 MiB are read, through symbolic links too.
 *
 * Rejects with `Problem` `file_unreadable`, naming the file; what they hold is not looked at.
 */
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
    // Opening a pipe that nobody writes to would wait for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await file.stat()).isFile()) throw new Problem('file_unreadable', `${path} is not a regular file`)
      return await readBounded(file, path)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('file_unreadable', `${path}: ${cause instanceof Error ? cause.message : 'cannot be read'}`, {
      cause,
    })
  }
}

/** Counts while reading: what a file says of its own size need not hold, and it may grow. */
async function readBounded(file: FileHandle, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > MAX_BYTES) throw new Problem('file_unreadable', `${path} is larger than ${MAX_BYTES} bytes`)
  }
  return Buffer.concat(chunks)
}
