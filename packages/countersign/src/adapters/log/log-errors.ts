import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import { LogStoreError } from '../../workflows/ports/log-store.ts'
import { ObjectStoreError } from '../../workflows/ports/object-store.ts'

/** Does work on the stores below the log; what they reject with becomes an {@link EvidenceLogError}. */
export async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (cause) {
    throw asLogError(cause)
  }
}

/** As {@link translated}, for what is read bit by bit. */
export async function* translatedEach<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items
  } catch (cause) {
    throw asLogError(cause)
  }
}

/** The error of the log that an error of a store means; anything else stays what it is. */
export function asLogError(cause: unknown): unknown {
  if (cause instanceof LogStoreError) return new EvidenceLogError(OF_RECORD[cause.code], cause.message, { cause })
  if (cause instanceof ObjectStoreError) return new EvidenceLogError(OF_OBJECTS[cause.code], cause.message, { cause })
  return cause
}

const OF_RECORD: Record<LogStoreError['code'], EvidenceLogError['code']> = {
  head_moved: 'log_unavailable',
  fenced: 'log_unavailable',
  duplicate: 'log_unavailable',
  outcome_unknown: 'log_unavailable',
  schema_newer: 'schema_newer',
  store_corrupt: 'log_corrupt',
  store_locked: 'log_locked',
  store_unavailable: 'log_unavailable',
  disk_full: 'disk_full',
  write_failed: 'write_failed',
}

const OF_OBJECTS: Record<ObjectStoreError['code'], EvidenceLogError['code']> = {
  bad_path: 'write_failed',
  object_differs: 'log_corrupt',
  object_corrupt: 'log_corrupt',
  object_locked: 'write_failed',
  lock_unsupported: 'write_failed',
  store_unavailable: 'log_unavailable',
  disk_full: 'disk_full',
  read_failed: 'write_failed',
  write_failed: 'write_failed',
}
