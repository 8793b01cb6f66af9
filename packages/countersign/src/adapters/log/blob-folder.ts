import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { equalBytes, sha256Hex } from '@countersign/verify'
import { type BlobStore, BlobStoreError } from '../../workflows/ports/blob-store.ts'
import { type Disk, nodeDisk } from './disk.ts'

/**
 * Keeps blobs in a folder that exists, each under its digest two levels down: `ab/cd/abcd…`. Any number of processes may use
 * the folder at once: a blob is written aside and moved into place whole, and two that write the same one write the same bytes.
 */
export function blobFolder(folder: string, disk: Disk = nodeDisk): BlobStore {
  const pathOf = (digest: string): string => join(folder, digest.slice(0, 2), digest.slice(2, 4), digest)

  const write = async (digest: string, bytes: Uint8Array): Promise<void> => {
    const place = dirname(pathOf(digest))
    for (const made of [join(folder, WAITING_FOLDER), dirname(place), place]) await disk.makeFolder(made)
    const waiting = join(folder, WAITING_FOLDER, randomBytes(12).toString('hex'))
    try {
      await disk.write(waiting, bytes)
      await disk.rename(waiting, pathOf(digest))
    } catch (error) {
      await disk.remove(waiting)
      throw error
    }
  }

  const store = async (digest: string, bytes: Uint8Array): Promise<void> => {
    const present = await disk.read(pathOf(digest))
    // A damaged blob is healed by whoever stores it again.
    if (present === null || !equalBytes(present, bytes)) await write(digest, bytes)
    // Also when it is there: another process may have moved it into place a moment ago, and its name may not be durable yet.
    const place = dirname(pathOf(digest))
    for (const changed of [place, dirname(place), folder]) await disk.syncFolder(changed)
  }

  return {
    put: async (bytes) => {
      const digest = sha256Hex(bytes)
      try {
        await store(digest, bytes)
      } catch (cause) {
        throw failure(cause, 'write_failed')
      }
      return digest
    },
    get: async (digest) => {
      if (!/^[0-9a-f]{64}$/.test(digest)) throw new BlobStoreError('bad_digest', 'not 64 lower-case hex digits')
      const bytes = await disk.read(pathOf(digest)).catch((cause: unknown) => {
        throw failure(cause, 'read_failed')
      })
      if (bytes !== null && sha256Hex(bytes) !== digest) {
        throw new BlobStoreError('blob_corrupt', `the blob ${digest} has other bytes than were stored`)
      }
      return bytes
    },
  }
}

const WAITING_FOLDER = '.tmp'

function failure(cause: unknown, otherwise: 'write_failed' | 'read_failed'): BlobStoreError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new BlobStoreError(isFull ? 'disk_full' : otherwise, `the blob store's disk failed (${code ?? 'no code'})`, {
    cause,
  })
}
