import type { SignatureCheck, SignatureTimes } from '../signature.ts'
import type { Certificate } from './certificate.ts'
import { LOG_ENTRY, type Signer, TIMESTAMP_TOKEN } from './cms.ts'
import { DerReader } from './der.ts'
import { checkLogEntry, type LogProblem, parseLogEntry } from './log-entry.ts'
import { checkTimestamp, type TimestampProblem } from './timestamp.ts'
import type { X509Trust } from './trust.ts'
import { X509Error } from './x509-error.ts'

/** Where a time comes from: the caller, the Rekor entry, the timestamp token. */
export type TimeSource = 'trusted_time' | 'log_time' | 'timestamp'

/** What others than the signer say about when a signature existed. */
export interface TimeProofs {
  /** The earliest time that is proven: what existed then exists later, so it is the strongest. */
  readonly earliest: { readonly time: number; readonly source: TimeSource } | null
  /** A proof that is there and does not hold. */
  readonly failure: 'malformed_log_entry' | 'malformed_timestamp' | LogProblem | TimestampProblem | null
  /** Why the log proves no time, for certificates that need one. */
  readonly missing: 'log_entry_absent' | LogProblem
  readonly details: SignatureCheck['details']
}

/** Problems of what the caller gave or the signature lacks; everything else is somebody's tampering. */
const HARMLESS: readonly string[] = [
  'log_key_missing',
  'log_entry_unsupported',
  'log_time_absent',
  'timestamp_untrusted',
]

/** Gathers the proofs of time for a signature that is already known to match. Never throws. */
export function findTimeProofs(
  signer: Signer,
  certificate: Certificate,
  trust: X509Trust,
  times: SignatureTimes,
): TimeProofs {
  const log = readLogTime(signer, certificate, trust)
  const stamp = readTimestamp(signer, trust)
  const proven = [
    { time: times.trusted, source: 'trusted_time' as const },
    { time: log.time, source: 'log_time' as const },
    { time: stamp.time, source: 'timestamp' as const },
  ].flatMap(({ time, source }) => (time === null ? [] : [{ time, source }]))
  const earliest = proven.toSorted((a, b) => a.time - b.time)[0] ?? null
  const failures = [log.problem, stamp.problem].filter((problem) => problem !== null && !HARMLESS.includes(problem))
  return {
    earliest,
    failure: failures[0] ?? null,
    missing: log.missing,
    details: {
      ...log.details,
      ...(stamp.time === null ? {} : { timestamp: stamp.time }),
      ...(stamp.problem === null ? {} : { timestampProblem: stamp.problem }),
      judgedBy: earliest?.source ?? 'now',
      ...(earliest === null ? {} : { judgedAt: earliest.time }),
    },
  }
}

interface LogTime {
  readonly time: number | null
  readonly problem: TimeProofs['failure']
  readonly missing: TimeProofs['missing']
  readonly details: SignatureCheck['details']
}

function readLogTime(signer: Signer, certificate: Certificate, trust: X509Trust): LogTime {
  const attribute = signer.unsigned.get(LOG_ENTRY)
  // What gitsign logs is the signed attributes; a signature without them cannot have been logged so.
  if (attribute === undefined || signer.attributes === null) {
    return { time: null, problem: null, missing: 'log_entry_absent', details: {} }
  }
  try {
    const value = new DerReader(attribute, 'malformed_log_entry')
    const entry = parseLogEntry(value.octets())
    const logged = { signed: signer.attributes.covered, signature: signer.signature, certificate: certificate.der }
    const problem = checkLogEntry(entry, logged, trust.rekorKeys)
    const details = { logId: entry.logId, logIndex: entry.logIndex, integratedTime: entry.integratedTime }
    const missing = problem ?? 'log_entry_absent'
    if (problem !== null) return { time: null, problem, missing, details: { ...details, logProblem: problem } }
    return { time: entry.integratedTime, problem, missing, details }
  } catch (error) {
    if (!(error instanceof X509Error)) throw error
    return { time: null, problem: 'malformed_log_entry', missing: 'log_entry_absent', details: {} }
  }
}

function readTimestamp(signer: Signer, trust: X509Trust): Pick<LogTime, 'time' | 'problem'> {
  const token = signer.unsigned.get(TIMESTAMP_TOKEN)
  if (token === undefined) return { time: null, problem: null }
  try {
    const result = checkTimestamp(token, signer.signature, trust)
    return typeof result === 'number' ? { time: result, problem: null } : { time: null, problem: result }
  } catch (error) {
    if (!(error instanceof X509Error)) throw error
    return { time: null, problem: 'malformed_timestamp' }
  }
}
