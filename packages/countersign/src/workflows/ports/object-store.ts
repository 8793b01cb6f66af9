/** What is asked of an object beside its bytes. */
export interface ObjectTerms {
  /** RFC 3339, UTC. Until then nobody can change or remove the object, where the store can enforce that. */
  readonly retainUntil?: string
  /** Held until the hold is lifted, whatever the retention says. */
  readonly legalHold?: boolean
}

/** An object store that could not do what was asked. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError'
  readonly code:
    | 'bad_path'
    /** Other bytes lie at a path that is written once. */
    | 'object_differs'
    /** The store returned bytes that are not the ones that were stored. */
    | 'object_corrupt'
    | 'object_locked'
    | 'lock_unsupported'
    | 'store_unavailable'
    | 'disk_full'
    | 'read_failed'
    | 'write_failed'

  constructor(code: ObjectStoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Files by path: tiles, checkpoints and blobs. Paths are relative, `/` between parts, each part `[A-Za-z0-9._-]+`, none beginning
 * with a dot unless the store itself put it there. Every method rejects with an {@link ObjectStoreError}.
 */
export interface ObjectStore {
  /**
   * Stores an object that is never replaced; durable when it settles. The same bytes again are no error; others are `object_differs`.
   * `write_failed` for a `retainUntil` that is no RFC 3339 time in UTC.
   */
  putOnce(path: string, bytes: Uint8Array, terms?: ObjectTerms): Promise<void>

  /**
   * Stores or replaces an object named `checkpoint` at once, never half; durable when it settles. Where versions are kept, no other name is
   * taken (`bad_path`), and `write_failed` says that somebody else replaced it meanwhile.
   */
  replace(path: string, bytes: Uint8Array): Promise<void>

  /** The bytes, or null where nothing is stored. Reads what was stored even when something was put over it afterwards by others. */
  get(path: string): Promise<Uint8Array | null>

  /** The paths below a prefix (whole parts, or empty for all), sorted, streamed. */
  list(prefix: string): AsyncIterable<string>

  /** Removes an object; absent is no error. Rejects with `object_locked` while a retention or hold forbids it. */
  remove(path: string): Promise<void>

  /** Places or lifts a legal hold. Rejects with `lock_unsupported` where the store has none. */
  hold(path: string, isHeld: boolean): Promise<void>

  close(): Promise<void>
}
