import { sha256Hex } from '@countersign/verify'
import { type BlobStore, BlobStoreError, blobPath } from '../../workflows/ports/blob-store.ts'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'

/** Keeps blobs as objects that are written once, each at its {@link blobPath}. */
export function blobStoreOver(objects: ObjectStore): BlobStore {
  const put = async (digest: string, bytes: Uint8Array): Promise<void> => {
    try {
      await objects.putOnce(blobPath(digest), bytes)
    } catch (error) {
      if (!isCode(error, 'object_differs') && !isCode(error, 'object_corrupt')) throw error
      // Other bytes under this digest are damage, and whoever stores the blob again heals it where the store allows that.
      await objects.replace(blobPath(digest), bytes).catch((cause: unknown) => {
        throw new BlobStoreError('blob_corrupt', `other bytes lie where the blob ${digest} belongs`, { cause })
      })
    }
  }

  return {
    put: async (bytes) => {
      const digest = sha256Hex(bytes)
      await translated('write_failed', () => put(digest, bytes))
      return digest
    },
    get: async (digest) => {
      if (!/^[0-9a-f]{64}$/.test(digest)) throw new BlobStoreError('bad_digest', 'not 64 lower-case hex digits')
      const bytes = await translated('read_failed', () => objects.get(blobPath(digest)))
      if (bytes !== null && sha256Hex(bytes) !== digest) {
        throw new BlobStoreError('blob_corrupt', `the blob ${digest} has other bytes than were stored`)
      }
      return bytes
    },
  }
}

async function translated<Value>(
  otherwise: 'write_failed' | 'read_failed',
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof BlobStoreError || !(cause instanceof ObjectStoreError)) throw cause
    const code = cause.code === 'disk_full' ? 'disk_full' : cause.code === 'object_corrupt' ? 'blob_corrupt' : otherwise
    throw new BlobStoreError(code, `the blob store failed: ${cause.message}`, { cause })
  }
}

function isCode(error: unknown, code: ObjectStoreError['code']): boolean {
  return error instanceof ObjectStoreError && error.code === code
}
