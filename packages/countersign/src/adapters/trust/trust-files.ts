import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { TrustMaterial } from '@countersign/verify'
import { Problem } from '../../workflows/problem.ts'

/** Paths of files with key material, in the formats of OpenSSH, GnuPG and OpenSSL. */
export type TrustFiles = { readonly [kind in keyof TrustMaterial]: readonly string[] }

const MAX_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024

/**
 * Reads files with key material, at once: they are small, and loading `node:fs/promises` takes longer than reading them. Only regular
 * files of at most 64 MiB are read, through symbolic links too.
 *
 * Throws `Problem` `file_unreadable`, naming the file; what they hold is not looked at.
 */
export function readTrustFiles(files: TrustFiles): TrustMaterial {
  const { allowedSigners, keyrings, x509Roots, revoked, logKeys = [] } = files
  const known = {
    allowedSigners: allowedSigners.map(readOne),
    keyrings: keyrings.map(readOne),
    x509Roots: x509Roots.map(readOne),
    revoked: revoked.map(readOne),
  }
  return logKeys.length === 0 ? known : { ...known, logKeys: logKeys.map(readOne) }
}

function readOne(path: string): Uint8Array {
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!fstatSync(file).isFile()) throw new Problem('file_unreadable', `${path} is not a regular file`)
      return readBounded(file, path)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('file_unreadable', `${path}: ${cause instanceof Error ? cause.message : 'cannot be read'}`, {
      cause,
    })
  }
}

/** Counts while reading: what a file says of its own size need not hold, and it may grow. */
function readBounded(file: number, path: string): Uint8Array {
  const chunks: Uint8Array[] = []
  for (let size = 0; size <= MAX_BYTES; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const length = readSync(file, chunk)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, length))
    size += length
  }
  throw new Problem('file_unreadable', `${path} is larger than ${MAX_BYTES} bytes`)
}
