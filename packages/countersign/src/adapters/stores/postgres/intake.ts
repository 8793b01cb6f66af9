import { createHmac, timingSafeEqual } from 'node:crypto'
import type { EvidenceLogError, NewEvidence } from '../../../workflows/ports/evidence-log.ts'
import { parseTerms } from '../evidence-rows.ts'
import { byteaArray, textArray } from './binary-arrays.ts'
import type { Connections, Statement } from './connections.ts'

/** Evidence that somebody hands in to be appended as one. */
export interface Submission {
  /** A UUID. */
  readonly id: string
  readonly evidence: readonly NewEvidence[]
}

/** Evidence that was taken from the intake, with the rows that it lay in. */
export interface TakenSubmission {
  readonly rows: readonly number[]
  readonly evidence: readonly NewEvidence[]
}

/** Why a submission was not appended, and never will be. */
export interface Refusal {
  readonly code: EvidenceLogError['code']
  readonly message: string
}

/**
 * Where replicas without the right to sequence leave evidence for the one that has it. What lies there is durable; each row leaves in
 * the very transaction that appends it. Every method rejects with a `LogStoreError`.
 */
export interface Intake {
  /** Hands in submissions and resolves with the log's size then: what is appended of them has no smaller index. */
  submit(submissions: readonly Submission[]): Promise<number>
  /** What became of submissions: those that still wait are missing; `null` says that they were appended, or that the log held them. */
  outcomes(ids: readonly string[]): Promise<ReadonlyMap<string, Refusal | null>>
  /** Removes refusals that were told to whoever handed them in. */
  forget(ids: readonly string[]): Promise<void>
  /** The oldest submissions that wait, whole. What was not handed in by somebody who has the key is refused on the spot. */
  take(): Promise<readonly TakenSubmission[]>
  /** The rows that a commit of this digest settles. For the store that commits. */
  settles(digest: string): readonly number[]
  /** Removes rows that were appended otherwise, or keeps them with what is to be told to whoever handed them in. */
  settle(rows: readonly number[], refusal: Refusal | null): Promise<void>
}

/** The intake of a schema. `key` authenticates what is handed in: who writes the database and lacks it gets nothing into the log. */
export function intakeOf(connections: Connections, schema: string, key: Uint8Array): Intake {
  const statements = intakeStatements(schema)
  const settling = new Map<string, readonly number[]>()

  const settle = async (rows: readonly number[], refusal: Refusal | null): Promise<void> => {
    if (rows.length === 0) return
    await connections.write(statements.settle, [rows, refusal === null ? null : JSON.stringify(refusal)])
  }
  const readWhole = async (): Promise<readonly IntakeRow[]> => {
    const rows = await connections.read<IntakeRow>(statements.take, [PAGE_ROWS])
    const last = rows.at(-1)?.submission
    if (rows.length < PAGE_ROWS || last === undefined) return rows
    // The last one may have been cut off by the page.
    const whole = rows.filter(({ submission }) => submission !== last)
    return whole.length > 0 ? whole : connections.read<IntakeRow>(statements.takeOne, [last])
  }
  return {
    async submit(submissions) {
      const all = submissions.flatMap(({ id, evidence }) => evidence.map((one) => ({ id, ...one })))
      const terms = all.map((one) => JSON.stringify(one.terms))
      const macs = all.map((one, at) => macOf(one.id, one.entry, terms[at] as string, key))
      const values = [all.map(({ id }) => id), byteaArray(all.map(({ entry }) => entry)), textArray(terms)]
      const [row] = await connections.write<{ size: string | null }>(statements.submit, [...values, byteaArray(macs)])
      return Number(row?.size ?? 0)
    },
    async outcomes(ids) {
      const rows = await connections.read<{ submission: string; refusal: string | null }>(statements.outcomes, [ids])
      const outcomes = new Map<string, Refusal | null>(ids.map((id) => [id, null]))
      for (const { submission, refusal } of rows) {
        if (refusal === null) outcomes.delete(submission)
        else outcomes.set(submission, parseRefusal(refusal))
      }
      return outcomes
    },
    forget: async (ids) => {
      await connections.write(statements.forget, [ids])
    },
    async take() {
      const rows = await readWhole()
      const forged = rows.filter((row) => !isAuthentic(row, key)).map(({ id }) => Number(id))
      await settle(forged, { code: 'write_failed', message: 'what was handed in was changed on its way' })
      const taken = Map.groupBy(
        rows.filter(({ id }) => !forged.includes(Number(id))),
        ({ submission }) => submission,
      )
      settling.clear()
      return Array.from(taken.values(), (own) => takenOf(own, settling))
    },
    settles: (digest) => settling.get(digest) ?? [],
    settle,
  }
}

const PAGE_ROWS = 2_048

interface IntakeRow {
  readonly id: string
  readonly submission: string
  readonly entry: Buffer
  readonly terms: string
  readonly mac: Buffer
}

function intakeStatements(
  schema: string,
): Record<'submit' | 'outcomes' | 'take' | 'takeOne' | 'settle' | 'forget', Statement> {
  const columns = 'id, submission, entry, terms, mac'
  const waiting = `${schema}.intake WHERE refusal IS NULL`
  const all = {
    submit: `SELECT ${schema}.submit($1, $2, $3, $4) AS size`,
    outcomes: `SELECT DISTINCT ON (submission) submission, refusal FROM ${schema}.intake WHERE submission = ANY ($1::uuid[])
      ORDER BY submission, refusal NULLS LAST`,
    take: `SELECT ${columns} FROM ${waiting} ORDER BY id LIMIT $1`,
    takeOne: `SELECT ${columns} FROM ${waiting} AND submission = $1 ORDER BY id`,
    settle: `SELECT ${schema}.settle($1, $2)`,
    forget: `SELECT ${schema}.forget($1)`,
  }
  return {
    submit: { name: 'submit', text: all.submit },
    outcomes: { name: 'outcomes', text: all.outcomes },
    take: { name: 'take', text: all.take },
    takeOne: { name: 'take one', text: all.takeOne },
    settle: { name: 'settle', text: all.settle },
    forget: { name: 'forget', text: all.forget },
  }
}

function takenOf(rows: readonly IntakeRow[], settling: Map<string, readonly number[]>): TakenSubmission {
  const evidence = rows.map((row) => ({ entry: row.entry, terms: parseTerms(`handed in as ${row.id}`, row.terms) }))
  for (const [at, { terms }] of evidence.entries()) {
    settling.set(terms.digest, [...(settling.get(terms.digest) ?? []), Number(rows[at]?.id)])
  }
  return { rows: rows.map(({ id }) => Number(id)), evidence }
}

function isAuthentic({ submission, entry, terms, mac }: IntakeRow, key: Uint8Array): boolean {
  const own = macOf(submission, entry, terms, key)
  return mac.length === own.length && timingSafeEqual(mac, own)
}

function macOf(submission: string, entry: Uint8Array, terms: string, key: Uint8Array): Buffer {
  // The length keeps an entry from being cut elsewhere.
  return createHmac('sha256', key).update(`intake ${submission} ${entry.length}\n`).update(entry).update(terms).digest()
}

function parseRefusal(text: string): Refusal {
  const { code, message } = JSON.parse(text)
  return { code, message }
}
