import { EvidenceError, type Json } from '@countersign/verify'
import type { CustomControls } from '../judge/controls/custom-controls.ts'
import { BACKFILL, parseSourceBackfill } from '../judge/evidence-types/backfill.ts'
import { momentOf } from '../judge/evidence-types/predicate-fields.ts'
import { parseSourceHeartbeat, SOURCE_HEARTBEAT } from '../judge/evidence-types/source-heartbeat.ts'
import { stampOf } from '../judge/evidence-types/statement-controls.ts'
import type { SourceMemory } from '../judge/gaps/loss-clocks.ts'
import { CLOCK_TOLERANCE } from '../judge/gaps/observation.ts'
import { appendStatements, newStatement, type StatementParts, sourceSubject } from './append-statement.ts'
import type { Receipt } from './ports/evidence-log.ts'
import { Problem } from './problem.ts'

/** A sign of life that an observer gives about a source. Times are Unix seconds, by the observer's clock. */
export interface NewHeartbeat {
  /** `kind:instance`, as in `github-audit-log:acme`. */
  readonly source: string
  readonly observer: string
  /** Since when this observer has watched without a break. */
  readonly since: number
  readonly at: number
  /** The next one comes within so many seconds. */
  readonly within: number
  readonly memory: SourceMemory
}

/** What an observer asked a source for afterwards. Times are Unix seconds, by the observer's clock. */
export interface NewBackfill {
  readonly source: string
  readonly observer: string
  readonly from: number
  readonly to: number
  readonly at: number
  readonly memory: SourceMemory
  /** How many facts were found; each was recorded before this, marked as backfilled. */
  readonly found: number
}

/** With what statements about a source are recorded: the log, the key, and a customer's own controls, where there are any. */
export interface SourceParts extends StatementParts {
  readonly custom?: CustomControls | undefined
}

/**
 * Records a heartbeat; settles when it is durable. `recordedAt` is our clock, in Unix seconds. Rejects with `Problem`
 * `statement_malformed` or `clock_ahead` before anything is stored, and as `EvidenceLog.append` does.
 */
export function recordHeartbeat(beat: NewHeartbeat, recordedAt: number, parts: SourceParts): Promise<Receipt> {
  const { source, observer, since, at, within, memory } = beat
  const times = { since: momentOf(since), at: momentOf(at) }
  const predicate = { source, observer, ...times, within, memory, ...stampOf(SOURCE_HEARTBEAT, recordedAt, parts) }
  requireReadable(() => parseSourceHeartbeat(predicate))
  if (since > at) throw new Problem('statement_malformed', `the watch of ${source} begins after its heartbeat`)
  return append({ type: SOURCE_HEARTBEAT, source, at, predicate }, recordedAt, parts)
}

/** Records that a source was asked afterwards, and for what. Refuses and rejects as {@link recordHeartbeat} does. */
export function recordBackfill(backfill: NewBackfill, recordedAt: number, parts: SourceParts): Promise<Receipt> {
  const { source, observer, from, to, at, memory, found } = backfill
  const times = { from: momentOf(from), to: momentOf(to), at: momentOf(at) }
  const predicate = { source, observer, ...times, memory, found, ...stampOf(BACKFILL, recordedAt, parts) }
  requireReadable(() => parseSourceBackfill(predicate))
  if (from >= to) throw new Problem('statement_malformed', `the backfill of ${source} ends before it begins`)
  return append({ type: BACKFILL, source, at, predicate }, recordedAt, parts)
}

interface SourceStatement {
  readonly type: string
  readonly source: string
  readonly at: number
  readonly predicate: { readonly [key: string]: Json }
}

async function append(statement: SourceStatement, recordedAt: number, parts: SourceParts): Promise<Receipt> {
  const { type, source, at, predicate } = statement
  if (at > recordedAt + CLOCK_TOLERANCE) {
    throw new Problem(
      'clock_ahead',
      `whoever observes ${source} says ${momentOf(at)}; here it is ${momentOf(recordedAt)}`,
    )
  }
  const said = { subject: [sourceSubject(source)], predicateType: type, predicate }
  const [receipt] = await appendStatements([newStatement(said)], parts)
  return receipt as Receipt
}

function requireReadable(read: () => unknown): void {
  try {
    read()
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw new Problem('statement_malformed', cause.message, { cause })
  }
}
