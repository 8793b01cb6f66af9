import { LogStoreError } from '../../../workflows/ports/log-store.ts'

/** Does work on the database; what SQLite throws becomes a {@link LogStoreError}. */
export function guarded<Value>(work: () => Value): Value {
  try {
    return work()
  } catch (cause) {
    throw asStoreError(cause, 'write_failed')
  }
}

/** The store's error for one of SQLite's; `otherwise` for those that say nothing better. */
export function asStoreError(cause: unknown, otherwise: 'write_failed' | 'outcome_unknown'): unknown {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number') return cause
  // The upper bits say more than is needed.
  const code = CODES[cause.errcode & 0xff] ?? otherwise
  return new LogStoreError(code, `SQLite: ${cause.message} (${cause.errcode})`, { cause })
}

/** By SQLite's primary result code. */
const CODES: Readonly<Record<number, LogStoreError['code']>> = {
  5: 'store_locked',
  6: 'store_locked',
  11: 'store_corrupt',
  13: 'disk_full',
  14: 'store_unavailable',
  26: 'store_corrupt',
}
