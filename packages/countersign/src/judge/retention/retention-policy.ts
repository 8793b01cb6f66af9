import { z } from 'zod'

/**
 * How long evidence is kept, and what may not be removed meanwhile. One name for the schema and for the type inferred from it;
 * docs/schemas/retention.json is generated from it.
 */

/** At most a hundred years. */
const days = z.int().min(0).max(36_525)

export const RetentionClass = z
  .strictObject({
    /** Days from the day when it was recorded. The record itself, an entry of the log, is never removed by pruning payloads. */
    records: days.min(1),
    /** Days after which the bytes that a record names may be removed, a tombstone taking their place. */
    payloads: days,
    /** Whether the bytes may go earlier because a person they are about has asked for it. */
    erasable: z.boolean(),
  })
  .refine(({ records, payloads }) => payloads <= records, {
    path: ['payloads'],
    error: 'must not be longer than the record that names them',
  })
export type RetentionClass = z.infer<typeof RetentionClass>

const className = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
const line = z
  .string()
  .max(500)
  .regex(/^\P{Cc}+$/u, 'must be one line of text')
const moment = z.iso.datetime({ precision: 0, error: 'must be a time such as 2026-01-31T12:00:00Z' })
const some = z.array(line).min(1).optional()

export const LegalHold = z.strictObject({
  id: className,
  why: line,
  by: line,
  from: moment,
  /** When it was lifted; absent while it is in force. */
  until: moment.optional(),
  /** Holds what matches every field that is given, and everything where none is. */
  scope: z
    .strictObject({
      subjects: some,
      types: some,
      classes: some,
      payloads: some,
      recordedFrom: moment.optional(),
      recordedBefore: moment.optional(),
    })
    .prefault({}),
})
export type LegalHold = z.infer<typeof LegalHold>

const SEVEN_YEARS = 2_557

/** The classes that there are without being named; a policy may say otherwise of each, and name more. */
export const DEFAULT_CLASSES = {
  /** Facts and findings with their raw payloads: the record for seven years, the payload at hand for 400 days. */
  standard: { records: SEVEN_YEARS, payloads: 400, erasable: true },
  /** What a decision was made from: as long as the decision, so that it can be made again. */
  decision: { records: SEVEN_YEARS, payloads: SEVEN_YEARS, erasable: false },
  /** Payloads about a person, salted: docs/operations/retention.md. */
  personal: { records: SEVEN_YEARS, payloads: 90, erasable: true },
} as const satisfies Record<string, RetentionClass>

export const RetentionPolicy = z
  .strictObject({
    apiVersion: z.literal('countersign.dev/v1'),
    kind: z.literal('Retention'),
    classes: z.record(className, RetentionClass).default({}),
    holds: z.array(LegalHold).default([]),
  })
  .superRefine(({ classes, holds }, context) => {
    const known = new Set([...Object.keys(DEFAULT_CLASSES), ...Object.keys(classes)])
    for (const [at, hold] of holds.entries()) {
      if (holds.findIndex(({ id }) => id === hold.id) !== at)
        context.addIssue({ code: 'custom', path: ['holds', at, 'id'], message: `"${hold.id}" stands twice` })
      for (const [place, name] of (hold.scope.classes ?? []).entries()) {
        // A hold on a class that is misspelt would hold nothing.
        if (!known.has(name))
          context.addIssue({
            code: 'custom',
            path: ['holds', at, 'scope', 'classes', place],
            message: `there is no class "${name}"`,
          })
      }
    }
  })
export type RetentionPolicy = z.infer<typeof RetentionPolicy>

/** A class by its name; undefined for a name that neither the policy nor the defaults have. */
export function retentionClass({ classes }: RetentionPolicy, name: string): RetentionClass | undefined {
  if (Object.hasOwn(classes, name)) return classes[name]
  return Object.hasOwn(DEFAULT_CLASSES, name) ? DEFAULT_CLASSES[name as keyof typeof DEFAULT_CLASSES] : undefined
}
