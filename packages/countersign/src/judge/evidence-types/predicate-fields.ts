import { EvidenceError, type Json } from '@countersign/verify'
import { z } from 'zod'

/** An RFC 3339 time in UTC with whole seconds. */
export const moment = z.iso.datetime({ precision: 0, error: 'must be a time such as 2026-01-31T12:00:00Z' })

/** SHA-256 in lower-case hex. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be SHA-256 in lower-case hex')

/** A name of a source, an observer or a person, as it was given: one line. */
export const name = z
  .string()
  .max(200)
  .regex(/^\P{Cc}+$/u, 'must be one line of text')

/** A number of seconds up to a hundred years. */
export const seconds = z.int().min(0).max(3_155_760_000)

/** How far back a source remembers; docs/formats/source-heartbeat.md. */
export const memory = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('time'), seconds }),
  z.object({ kind: z.literal('entries'), entries: z.int().min(1), seconds }),
  z.object({ kind: z.literal('none') }),
])

/** What every statement of these types carries: the controls that it supports, by which mapping, and when it was recorded. */
export const stamp = {
  controls: z.array(z.string().min(1)),
  mapping: z.string().min(1),
  recordedAt: moment,
}

/** Reads a predicate by a schema; unknown fields are left out. Throws `EvidenceError` `malformed_document`, naming the field. */
export function readPredicate<T>(what: string, schema: z.ZodType<T>, predicate: Json): T {
  const parsed = schema.safeParse(predicate)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = [what, ...(issue?.path ?? []).map(String)].join('.')
  throw new EvidenceError('malformed_document', `${place}: ${issue?.message ?? 'is not as it must be'}`)
}

/** Unix seconds of a time that a predicate holds. */
export function secondsOf(time: string): number {
  return Date.parse(time) / 1_000
}

/** A time in Unix seconds as predicates hold it. */
export function momentOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1_000).toISOString().replace('.000Z', 'Z')
}
