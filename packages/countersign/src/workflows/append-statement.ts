import {
  DsseError,
  type EnvelopeKey,
  encodeStatement,
  formatEnvelope,
  fromUtf8,
  parseEnvelope,
  parseStatement,
  STATEMENT_PAYLOAD_TYPE,
  type Statement,
  sha256Hex,
  signEnvelope,
  utf8,
  verifyEnvelope,
} from '@countersign/verify'
import { describeStatement } from '../judge/intake/describe-statement.ts'
import type { EvidenceLog, EvidenceTerms, NewEvidence, Receipt } from './ports/evidence-log.ts'
import type { SigningKey } from './ports/signing-key.ts'
import { Problem } from './problem.ts'

/** A statement that is to be recorded, and what it is found by besides its own digest, type and controls. */
export interface NewStatement {
  readonly statement: Statement
  readonly terms: Omit<EvidenceTerms, 'digest' | 'type' | 'controls'>
}

/** What statements are recorded with. */
export interface StatementParts {
  readonly log: EvidenceLog
  readonly key: SigningKey
}

/** Signs statements and appends them, all or none, in order; settles when they are durable. Rejects as `EvidenceLog.append` does. */
export function appendStatements(
  statements: readonly NewStatement[],
  { log, key }: StatementParts,
): Promise<readonly Receipt[]> {
  return log.append(statements.map((one) => sealed(one, key)))
}

function sealed({ statement, terms }: NewStatement, key: SigningKey): NewEvidence {
  const text = formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, encodeStatement(statement), [key]))
  const entry = utf8(text)
  const { controls } = statement.predicate
  const tags = Array.isArray(controls) ? controls.filter((tag) => typeof tag === 'string') : []
  return { entry, terms: { ...terms, digest: sha256Hex(entry), type: statement.predicateType, controls: tags } }
}

/**
 * A statement of a type that Countersign records, with what it is found by, worked out from itself. Throws `EvidenceError` as
 * `describeStatement` does, and `TypeError` for a type that is not known.
 */
export function newStatement(statement: Statement, idempotencyKey: string | null = null): NewStatement {
  const described = describeStatement(statement)
  if (described === null) throw new TypeError(`${statement.predicateType} is no type that is recorded`)
  return { statement, terms: { ...described.terms, idempotencyKey } }
}

/** The subject of a statement about a source: in-toto asks for a digest, so it is that of the name. */
export function sourceSubject(source: string): Statement['subject'][number] {
  return { name: source, digest: { sha256: sha256Hex(utf8(source)) } }
}

/** Reads a statement back from an entry and checks who signed it. Throws `Problem` `evidence_damaged` unless one of our keys did. */
export function openStatement(index: number, entry: Uint8Array, keys: readonly EnvelopeKey[]): Statement {
  try {
    return parseStatement(verifyEnvelope(parseEnvelope(fromUtf8(entry)), [...keys]).payload)
  } catch (cause) {
    const reason = cause instanceof DsseError ? cause.message : 'it is no envelope'
    throw new Problem('evidence_damaged', `entry ${index} is not a statement that our own key signed: ${reason}`, {
      cause,
    })
  }
}
