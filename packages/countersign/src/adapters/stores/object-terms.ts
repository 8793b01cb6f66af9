import { ObjectStoreError, type ObjectTerms } from '../../workflows/ports/object-store.ts'

/**
 * When a retention that is asked for ends, in milliseconds since 1970; 0 when none is. Throws {@link ObjectStoreError}
 * `write_failed` for what is not RFC 3339 in UTC: a retention that nobody understood is none.
 */
export function retentionEnd({ retainUntil }: ObjectTerms): number {
  if (retainUntil === undefined) return 0
  const end = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/.test(retainUntil)
    ? Date.parse(retainUntil)
    : Number.NaN
  if (!Number.isFinite(end)) throw new ObjectStoreError('write_failed', 'the end of the retention is no time in UTC')
  return end
}
