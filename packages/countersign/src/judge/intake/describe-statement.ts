import {
  CHANGE_DECISION,
  type ChangeDecision,
  EvidenceError,
  type Json,
  parseChangeDecision,
  type Statement,
  sha256Hex,
  utf8,
} from '@countersign/verify'
import { BACKFILL, parseSourceBackfill } from '../evidence-types/backfill.ts'
import { LOG_KEY_ROTATION, parseLogKeyRotation } from '../evidence-types/log-key-rotation.ts'
import { OBSERVATION_GAP, parseObservationGap } from '../evidence-types/observation-gap.ts'
import { PAYLOAD_PRUNED, parsePayloadPruned } from '../evidence-types/payload-pruned.ts'
import { secondsOf } from '../evidence-types/predicate-fields.ts'
import { parseSourceHeartbeat, SOURCE_HEARTBEAT } from '../evidence-types/source-heartbeat.ts'
import { payloadTerm, sourceTerm, subjectOfChange } from './subject-terms.ts'

/** What a statement is found by, worked out from itself and from nothing else. */
export interface StatementTerms {
  readonly type: string
  readonly subjects: readonly string[]
  readonly controls: readonly string[]
  readonly source: string
  readonly occurredAt: string | null
  readonly recordedAt: string
  readonly retention: string
  readonly summary: Json
}

/** A statement of a type that is known, and how it is to be kept. */
export interface DescribedStatement {
  readonly terms: StatementTerms
  /** The payloads that must be at hand wherever the statement is kept, by their SHA-256. */
  readonly payloads: readonly string[]
  /** The times in it that were read from the clock of whoever recorded it; not what the change or the source claims. */
  readonly clocks: readonly string[]
  /** Whether it speaks of the very log that it was recorded in, so that it would say nothing in another. */
  readonly isAboutLog: boolean
}

/**
 * Describes a statement of any type that Countersign records; null for a type that is not known. Throws `EvidenceError`
 * `malformed_document` for a predicate that is not as its type demands, `subject_differs` for a subject that is not the predicate's.
 */
export function describeStatement(statement: Statement): DescribedStatement | null {
  return Object.hasOwn(KNOWN, statement.predicateType) ? (KNOWN[statement.predicateType]?.(statement) ?? null) : null
}

/** Whether statements of a type speak of the very log that they were recorded in. */
export function isAboutLog(type: string): boolean {
  return type === PAYLOAD_PRUNED || type === LOG_KEY_ROTATION
}

const KNOWN: Readonly<Record<string, (statement: Statement) => DescribedStatement>> = {
  [CHANGE_DECISION]: (statement) => {
    const decision = parseChangeDecision(statement.predicate)
    requireChange(statement, decision)
    return describeDecision(decision)
  },
  [SOURCE_HEARTBEAT]: (statement) => {
    const { source, observer, since, at, within, controls, recordedAt } = parseSourceHeartbeat(statement.predicate)
    requireSubject(statement, source)
    requireOrder('source-heartbeat.since', since, at, 'may meet')
    const summary = { observer, at, within }
    return ofSource(SOURCE_HEARTBEAT, { source, occurredAt: at, controls, recordedAt, summary }, [at, recordedAt])
  },
  [BACKFILL]: (statement) => {
    const { source, from, to, at, found, controls, recordedAt } = parseSourceBackfill(statement.predicate)
    requireSubject(statement, source)
    requireOrder('backfill.from', from, to, 'must differ')
    const summary = { from, to, at, found }
    return ofSource(BACKFILL, { source, occurredAt: at, controls, recordedAt, summary }, [at, recordedAt])
  },
  [OBSERVATION_GAP]: (statement) => {
    const { source, from, to, state, controls, recordedAt } = parseObservationGap(statement.predicate)
    requireSubject(statement, source)
    const said = { source: US, occurredAt: from, controls, recordedAt, summary: { from, to, state } }
    const { terms, ...described } = ofSource(OBSERVATION_GAP, said, [from, recordedAt])
    return { ...described, terms: { ...terms, subjects: [sourceTerm(source)] } }
  },
  [PAYLOAD_PRUNED]: ({ predicate }) => {
    const { payload, reason, prunedAt, controls, recordedAt } = parsePayloadPruned(predicate)
    const { sha256, size } = payload
    return ofLog(PAYLOAD_PRUNED, {
      ...{ subjects: [payloadTerm(sha256)], occurredAt: prunedAt, recordedAt, controls },
      summary: { reason, size },
    })
  },
  [LOG_KEY_ROTATION]: ({ predicate }) => {
    const { origin, at, state, begins, controls, recordedAt } = parseLogKeyRotation(predicate)
    return ofLog(LOG_KEY_ROTATION, {
      ...{ subjects: [`log:${origin}`], occurredAt: at, recordedAt, controls },
      summary: { state, begins },
    })
  },
}

const US = 'countersign'

/** Describes a decision on a change: what is gone is found by what it was. */
export function describeDecision(decision: ChangeDecision): DescribedStatement {
  const { verdict, controls, evaluatedAt, recordedAt, occurredAt, policy, inputs } = decision
  const { kind, repository, ref, object, base } = decision.change
  const git = ref.startsWith('refs/tags/') ? 'gitTag' : 'gitCommit'
  const change = { kind, repository, ref, object, base }
  return {
    terms: {
      type: CHANGE_DECISION,
      subjects: [
        ...[subjectOfChange(change), `repository:${repository}`, `ref:${ref}`],
        `${git}:${objectOf(decision.change)}`,
      ],
      ...{ controls, source: US, occurredAt, recordedAt, retention: 'decision' },
      summary: { change, verdict, policy: policy?.sha256 ?? null, inputs: inputs.sha256, evaluatedAt },
    },
    payloads: [inputs.sha256, ...(policy === null ? [] : [policy.sha256])],
    // A change may claim any time, and be judged as of any: neither says anything of the recorder's clock.
    clocks: [recordedAt],
    isAboutLog: false,
  }
}

function objectOf({ object, base }: ChangeDecision['change']): string {
  return /^0+$/.test(object) ? (base ?? object) : object
}

type Said = Pick<StatementTerms, 'controls' | 'recordedAt' | 'summary'> & { readonly occurredAt: string }

function ofSource(
  type: string,
  { source, ...said }: Said & { readonly source: string },
  clocks: readonly string[],
): DescribedStatement {
  const terms = { type, ...said, source, subjects: [sourceTerm(source)], retention: 'standard' }
  return { terms, payloads: [], clocks, isAboutLog: false }
}

function ofLog(type: string, said: Said & Pick<StatementTerms, 'subjects'>): DescribedStatement {
  const { occurredAt, recordedAt } = said
  const terms = { type, ...said, source: US, retention: 'standard' }
  return { terms, payloads: [], clocks: [occurredAt, recordedAt], isAboutLog: true }
}

function requireOrder(field: string, first: string, last: string, ends: 'may meet' | 'must differ'): void {
  const left = secondsOf(last) - secondsOf(first)
  if (left < 0 || (left === 0 && ends === 'must differ'))
    throw new EvidenceError('malformed_document', `${field} must come before what it leads to`)
}

/** A statement about a source has one subject: the source, with the digest of its name. */
function requireSubject({ subject }: Statement, source: string): void {
  const [named, ...others] = subject
  if (named?.name === source && named.digest['sha256'] === sha256Hex(utf8(source)) && others.length === 0) return
  throw new EvidenceError('subject_differs', 'the statement is about another source than its predicate')
}

function requireChange({ subject }: Statement, { change }: ChangeDecision): void {
  const [named, ...others] = subject
  const isNamed =
    named?.name === change.ref &&
    named.uri === change.repository &&
    Object.values(named.digest).includes(objectOf(change))
  if (isNamed && others.length === 0) return
  throw new EvidenceError('subject_differs', 'the statement is about another change than its decision')
}
