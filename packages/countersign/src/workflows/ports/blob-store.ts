/** A blob that could not be stored or read back. */
export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError'
  readonly code: 'bad_digest' | 'blob_corrupt' | 'disk_full' | 'write_failed' | 'read_failed'

  constructor(code: BlobStoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Where a blob lies among the objects of a log: below `blobs/`, under its digest two levels down. */
export function blobPath(sha256Hex: string): string {
  return `blobs/${sha256Hex.slice(0, 2)}/${sha256Hex.slice(2, 4)}/${sha256Hex}`
}

/**
 * Keeps bytes under their own digest: what evidence is made from, and evidence that is too long for a log entry. Other bytes never take
 * their place; what retention lets go is removed by pruning, and then a tombstone in the log says so.
 * Every method rejects with a {@link BlobStoreError}.
 */
export interface BlobStore {
  /** Stores the bytes and returns their SHA-256 as lower-case hex once they are durable. Storing them again changes nothing. */
  put(bytes: Uint8Array): Promise<string>

  /**
   * Returns the bytes with this SHA-256 (64 lower-case hex digits), or `null` when they were never stored or were pruned. Rejects with
   * `blob_corrupt` when what is stored has another digest: changed bytes are never returned.
   */
  get(sha256Hex: string): Promise<Uint8Array | null>
}
