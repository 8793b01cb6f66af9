import { equalBytes } from '@countersign/verify'
import { type ObjectStore, ObjectStoreError, type ObjectTerms } from '../../../workflows/ports/object-store.ts'
import { partsOfPath, partsOfPrefix } from '../object-path.ts'
import { retentionEnd } from '../object-terms.ts'
import type { Bucket, LockTerms, PageMark, VersionLock } from './bucket.ts'
import { readObjectStoreUrl } from './object-store-url.ts'
import { PATIENCE, type Patience, retrying } from './retry.ts'
import { S3Failure } from './s3-failure.ts'
import { openBucket } from './sdk-bucket.ts'

/**
 * Opens a store of objects in a bucket of S3 or of a server that speaks its protocol; `url` is read by `readObjectStoreUrl`. Nothing is
 * asked of the service before the first object is, so the service may be away while the store is opened.
 *
 * In a bucket that keeps versions, the first version of an object is the object: whoever may put and delete, but not remove versions,
 * changes nothing of what is read here. Objects whose name is `checkpoint` are replaced, and the newest version is read, also behind a
 * delete marker; only they are, and `replace` refuses any other path with `bad_path`. In a bucket without versions, what others put over
 * an object cannot be told from it: it must be made with versions, better with object lock. See docs/operations/object-storage.md.
 *
 * Rejects with `Problem` `object_url_malformed`.
 */
export async function openS3Objects(url: string, patience: Patience = PATIENCE): Promise<ObjectStore> {
  const place = readObjectStoreUrl(url)
  return new S3Objects(await openBucket(place, patience), place.prefix, patience)
}

/** The most that is read where anybody who may put can put more. */
const MAX_CHANGING_BYTES = 1024 * 1024
const NO_LOCK: LockTerms = { until: 0, isHeld: false }
const ONCE = { type: 'application/octet-stream', caching: 'max-age=31536000, immutable' }
const CHANGING = { type: 'text/plain; charset=utf-8', caching: 'no-cache' }

class S3Objects implements ObjectStore {
  readonly #bucket: Bucket
  readonly #prefix: string
  readonly #patience: Patience
  #versioned: boolean | null = null
  #locks: boolean | null = null

  constructor(bucket: Bucket, prefix: string, patience: Patience) {
    this.#bucket = bucket
    this.#prefix = prefix
    this.#patience = patience
  }

  async putOnce(path: string, bytes: Uint8Array, terms: ObjectTerms = {}): Promise<void> {
    const key = this.#keyOf(path)
    const lock = await this.#lockFor(terms)
    await retrying(async () => {
      const put = await this.#putUnlessThere(key, bytes, lock)
      const first = await this.#first(key)
      // Ours may not be the first although nothing was in its way: a delete marker lets another version be put over the first.
      if (put === null || put.id !== first) await this.#requireSame(path, first, bytes)
      if (first !== null && lock !== NO_LOCK) await this.#secure(key, first, lock)
    }, this.#patience)
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const key = this.#keyOf(path)
    if (!isChanging(path)) throw new ObjectStoreError('bad_path', `only a checkpoint is replaced here, not ${path}`)
    const etag = await retrying(() => this.#bucket.etag(key), this.#patience)
    // Only over what is there now, also when it is sent again: a request that is late puts no old checkpoint over a newer one.
    const over = etag === null ? 'nothing' : { etag }
    await retrying(async () => {
      await this.#bucket.put(key, bytes, { ...CHANGING, over, lock: NO_LOCK }).catch((error: unknown) => {
        if (!isRefusal(error, [CONDITION_FAILED, 'NoSuchKey'])) throw error
        return this.#replaceAnother(key, bytes)
      })
    }, this.#patience)
  }

  async get(path: string): Promise<Uint8Array | null> {
    const key = this.#keyOf(path)
    return retrying(async () => {
      if (!isChanging(path)) return this.#readFirst(key)
      const newest = await this.#bucket.read(key, null, MAX_CHANGING_BYTES)
      if (newest !== null) return newest
      const hidden = await this.#newest(key)
      return hidden === null ? null : this.#bucket.read(key, hidden, MAX_CHANGING_BYTES)
    }, this.#patience)
  }

  async *list(prefix: string): AsyncGenerator<string> {
    const below = this.#prefix + [...partsOfPrefix(prefix), ''].slice(prefix === '' ? 1 : 0).join('/')
    let from: PageMark | null = null
    let last = ''
    do {
      const page = await retrying(() => this.#bucket.keys(below, from), this.#patience)
      for (const key of page.keys) {
        const path = key.slice(this.#prefix.length)
        if (!key.startsWith(below) || !isPath(path) || path === last) continue
        if (path < last) throw new ObjectStoreError('read_failed', 'the object store lists its keys in no order')
        last = path
        yield path
      }
      from = page.next
    } while (from !== null)
  }

  async remove(path: string): Promise<void> {
    const key = this.#keyOf(path)
    await retrying(async () => {
      if (!(await this.#isVersioned())) return this.#bucket.remove(key, null)
      const versions = []
      for await (const version of this.#bucket.versions(key)) versions.push(version)
      // The first, which is the object, goes last: until then it is there.
      for (const { id } of versions) await this.#removeVersion(path, id)
    }, this.#patience)
  }

  async hold(path: string, isHeld: boolean): Promise<void> {
    const key = this.#keyOf(path)
    await this.#requireLocks()
    await retrying(async () => {
      const id = isChanging(path) ? await this.#newest(key) : await this.#first(key)
      if (id === null) throw new ObjectStoreError('write_failed', `${path} is not there to be held`)
      await this.#bucket.hold(key, id, isHeld)
    }, this.#patience)
  }

  async close(): Promise<void> {
    this.#bucket.close()
  }

  #keyOf(path: string): string {
    partsOfPath(path)
    return this.#prefix + path
  }

  /** Puts where nothing is, and gives the id of the version, null in a bucket without them. Null when something was there. */
  async #putUnlessThere(
    key: string,
    bytes: Uint8Array,
    lock: LockTerms,
  ): Promise<{ readonly id: string | null } | null> {
    try {
      const id = await this.#bucket.put(key, bytes, { ...ONCE, over: 'nothing', lock })
      return { id: (await this.#isVersioned()) ? id : null }
    } catch (error) {
      // Also when an earlier attempt of our own is what was there: its answer was lost.
      if (isRefusal(error, [CONDITION_FAILED])) return null
      throw error
    }
  }

  /** Ends a replacement that found something else there than before: what an attempt of ours left, or what somebody else did. */
  async #replaceAnother(key: string, bytes: Uint8Array): Promise<void> {
    const newest = await this.#bucket.read(key, null, MAX_CHANGING_BYTES)
    if (newest === null) {
      // A delete marker is there, which some servers take for an object.
      await this.#bucket.put(key, bytes, { ...CHANGING, over: null, lock: NO_LOCK })
    } else if (!equalBytes(newest, bytes)) {
      throw new ObjectStoreError('write_failed', 'somebody else replaced the same object at the same time')
    }
  }

  async #requireSame(path: string, first: string | null, bytes: Uint8Array): Promise<void> {
    const key = this.#keyOf(path)
    const stored = (await this.#isVersioned()) && first === null ? null : await this.#bucket.read(key, first, Infinity)
    if (stored === null) {
      throw new S3Failure(
        'write_failed',
        'Hidden',
        null,
        true,
        `${path} can neither be put nor be read: is a delete marker there?`,
      )
    }
    if (!equalBytes(stored, bytes)) throw new ObjectStoreError('object_differs', `${path} holds other bytes`)
  }

  async #readFirst(key: string): Promise<Uint8Array | null> {
    if (!(await this.#isVersioned())) return this.#bucket.read(key, null, Infinity)
    const first = await this.#first(key)
    return first === null ? null : this.#bucket.read(key, first, Infinity)
  }

  /** The id of the first version with bytes; null where there is none, or where the bucket keeps no versions. */
  async #first(key: string): Promise<string | null> {
    if (!(await this.#isVersioned())) return null
    let first: string | null = null
    for await (const { id, isMarker } of this.#bucket.versions(key)) if (!isMarker) first = id
    return first
  }

  /** The id of the newest version with bytes; null as for the first. */
  async #newest(key: string): Promise<string | null> {
    if (!(await this.#isVersioned())) return null
    for await (const { id, isMarker } of this.#bucket.versions(key)) if (!isMarker) return id
    return null
  }

  async #removeVersion(path: string, id: string): Promise<void> {
    const key = this.#keyOf(path)
    try {
      await this.#bucket.remove(key, id)
    } catch (error) {
      if (!isRefusal(error, ['AccessDenied'])) throw error
      const lock = await this.#bucket.lockOf(key, id)
      if (!lock.isHeld && lock.until <= Date.now()) throw error
      throw new ObjectStoreError('object_locked', `a retention or a hold keeps ${path}`)
    }
  }

  async #isVersioned(): Promise<boolean> {
    this.#versioned ??= await this.#bucket.isVersioned()
    return this.#versioned
  }

  async #requireLocks(): Promise<void> {
    this.#locks ??= await retrying(() => this.#bucket.hasObjectLock(), this.#patience)
    if (!this.#locks) throw new ObjectStoreError('lock_unsupported', 'the bucket was made without object lock')
  }

  /** What the terms ask for, on the full second that every service can keep; {@link NO_LOCK} when it is nothing. */
  async #lockFor(terms: ObjectTerms): Promise<LockTerms> {
    const end = Math.ceil(retentionEnd(terms) / 1_000) * 1_000
    const lock = { until: end > Date.now() ? end : 0, isHeld: terms.legalHold === true }
    if (lock.until === 0 && !lock.isHeld) return NO_LOCK
    await this.#requireLocks()
    return lock
  }

  /** Makes sure that a version is kept as long as asked, whoever stored it, and that the service has understood. */
  async #secure(key: string, id: string, asked: LockTerms): Promise<void> {
    const isRetained = ({ until, isLiftable }: VersionLock): boolean =>
      asked.until === 0 || (until >= asked.until && !isLiftable)
    const isSecure = (lock: VersionLock): boolean => isRetained(lock) && (lock.isHeld || !asked.isHeld)
    const before = await this.#bucket.lockOf(key, id)
    if (isSecure(before)) return
    if (!isRetained(before)) await this.#bucket.retain(key, id, Math.max(asked.until, before.until))
    if (asked.isHeld && !before.isHeld) await this.#bucket.hold(key, id, true)
    if (!isSecure(await this.#bucket.lockOf(key, id))) {
      throw new ObjectStoreError('lock_unsupported', 'the object store took a retention or a hold and does not keep it')
    }
  }
}

const CONDITION_FAILED = 'PreconditionFailed'

/** The paths that are replaced; all others are put once. */
function isChanging(path: string): boolean {
  return path.split('/').at(-1) === 'checkpoint'
}

function isPath(path: string): boolean {
  try {
    partsOfPath(path)
    return true
  } catch {
    return false
  }
}

function isRefusal(error: unknown, reasons: readonly string[]): boolean {
  return error instanceof S3Failure && reasons.includes(error.reason)
}
