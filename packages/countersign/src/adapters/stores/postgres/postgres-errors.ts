import { DatabaseError } from 'pg'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'

/** The SQLSTATEs that the functions of our own schema raise. */
export const OWN_STATES = { headMoved: 'CS001', fenced: 'CS002', duplicate: 'CS003', unvouched: 'CS005' } as const

/**
 * The store's error for what went wrong with a statement that was sent. `whenLost` says what it means when the answer never came:
 * a read failed, of a write nobody knows. Messages never hold what was sent.
 */
export function asStoreError(cause: unknown, whenLost: 'store_unavailable' | 'outcome_unknown'): LogStoreError {
  if (cause instanceof LogStoreError) return cause
  const state = stateOf(cause)
  if (state === null) return new LogStoreError(whenLost, `PostgreSQL: ${whatWasSaid(cause)}`, { cause })
  const code = CODES[state] ?? CODES[state.slice(0, 2)] ?? 'write_failed'
  const isOpen = code === 'store_unavailable' && !CERTAIN.includes(state)
  return new LogStoreError(isOpen ? whenLost : code, `PostgreSQL: ${whatWasSaid(cause)} (${state})`, { cause })
}

/** The store's error for a connection that could not be had: nothing was sent. */
export function asConnectError(cause: unknown, label: string): LogStoreError {
  if (cause instanceof LogStoreError) return cause
  const state = stateOf(cause)
  const said = `${label}: ${whatWasSaid(cause)}${state === null ? '' : ` (${state})`}`
  return new LogStoreError('store_unavailable', said, { cause })
}

/** Whether a connection can be used again after a statement failed on it: the server said so itself, and did not hang up. */
export function isUsableAfter(cause: unknown): boolean {
  return cause instanceof DatabaseError && cause.severity === 'ERROR'
}

/** By SQLSTATE, or by its first two characters, the class. What says nothing of either is `write_failed`: it was rolled back. */
const CODES: Readonly<Record<string, LogStoreError['code']>> = {
  [OWN_STATES.headMoved]: 'head_moved',
  [OWN_STATES.fenced]: 'fenced',
  [OWN_STATES.duplicate]: 'duplicate',
  // Under a stricter isolation than ours the server says so of a commit that came second.
  '40001': 'head_moved',
  '53100': 'disk_full',
  // A standby, or a server that was told to write nothing.
  '25006': 'store_unavailable',
  '42501': 'store_unavailable',
  '08': 'store_unavailable',
  '57': 'store_unavailable',
  '3D': 'store_unavailable',
  '28': 'store_unavailable',
  '53': 'write_failed',
  '42P01': 'store_corrupt',
  '3F': 'store_corrupt',
  '42883': 'store_corrupt',
  XX001: 'store_corrupt',
  XX002: 'store_corrupt',
}

/** Of these it is certain that nothing was written, although they are no fault of the statement. */
const CERTAIN = ['25006', '42501']

function stateOf(cause: unknown): string | null {
  return cause instanceof DatabaseError && typeof cause.code === 'string' ? cause.code : null
}

function whatWasSaid(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it failed'
  const code =
    'code' in cause && typeof cause.code === 'string' && !(cause instanceof DatabaseError) ? cause.code : null
  // Node gathers the failures of several addresses in an error without a message of its own.
  return [cause.message || null, code].filter((part) => part !== null && part !== '').join(', ') || 'it failed'
}
