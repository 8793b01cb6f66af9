/** One of the versions that lie under a key: bytes, or a marker that they were deleted. */
export interface KeyVersion {
  readonly id: string
  readonly isMarker: boolean
}

/** What is to keep a version from being removed. `until` is in milliseconds since 1970, 0 without a retention. */
export interface LockTerms {
  readonly until: number
  readonly isHeld: boolean
}

/** What keeps a version from being removed. */
export interface VersionLock extends LockTerms {
  /** Whether somebody with the right to can lift the retention: it is not in compliance mode. */
  readonly isLiftable: boolean
}

/** What a put asks beside storing the bytes. */
export interface PutTerms {
  /** Stores only where nothing is, or only over what has this ETag; null for whatever is there. */
  readonly over: 'nothing' | { readonly etag: string } | null
  readonly lock: LockTerms
  readonly type: string
  readonly caching: string
}

/** Some of the keys that have a version with bytes, in order, and where to go on. */
export interface KeyPage {
  readonly keys: readonly string[]
  readonly next: PageMark | null
}

export interface PageMark {
  readonly key: string
  readonly versionId: string | undefined
}

/**
 * The requests that a bucket is asked, each sent once. Keys are whole. Every method rejects with an `S3Failure`.
 */
export interface Bucket {
  isVersioned(): Promise<boolean>
  hasObjectLock(): Promise<boolean>
  /** The id of the new version; null where the bucket keeps no versions. */
  put(key: string, bytes: Uint8Array, terms: PutTerms): Promise<string | null>
  /** The ETag of the newest version; null when it is a delete marker or there is none. */
  etag(key: string): Promise<string | null>
  /** Bytes that are what was once sent: their checksum was compared. Null where there are none. `id` null reads the newest. */
  read(key: string, id: string | null, maxBytes: number): Promise<Uint8Array | null>
  /** Every version under a key, newest first among those with bytes. */
  versions(key: string): AsyncIterable<KeyVersion>
  /** Keys that begin with `prefix`, whether or not a delete marker hides them. */
  keys(prefix: string, from: PageMark | null): Promise<KeyPage>
  /** Removes a version for good; with null whatever is there, which in a bucket with versions adds a delete marker. */
  remove(key: string, id: string | null): Promise<void>
  lockOf(key: string, id: string): Promise<VersionLock>
  retain(key: string, id: string, until: number): Promise<void>
  hold(key: string, id: string, isHeld: boolean): Promise<void>
  close(): void
}
