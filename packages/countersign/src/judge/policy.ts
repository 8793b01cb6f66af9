import { z } from 'zod'

/**
 * The policy of a repository, as `.countersign/policy.yaml` says it. One name for the schema and for the type inferred
 * from it; docs/schemas/policy.json is generated from the schema.
 */

/** `off`: not judged. `observe`: judged and shown, never counted. `warn`: a failure warns. `enforce`: a failure fails. */
export const RuleMode = z.enum(['off', 'observe', 'warn', 'enforce'])
export type RuleMode = z.infer<typeof RuleMode>

/** What a signer can put into history; services and agents need leave for each. */
export const SignedAct = z.enum(['commit', 'merge', 'squash', 'rebase', 'tag'])
export type SignedAct = z.infer<typeof SignedAct>

const mode = RuleMode.default('enforce')
const plain = z.strictObject({ mode }).prefault({})

/** A regular expression that compiles, with a bound on its length. */
const pattern = z
  .string()
  .min(1)
  .max(500)
  .refine(compiles, 'must be a regular expression that JavaScript (with the u flag) compiles')

const Rules = z
  .strictObject({
    'commits-signed': plain,
    'merges-signed': plain,
    'signer-is-committer': z
      .strictObject({ mode, authors: z.enum(['signer', 'known', 'any']).default('signer') })
      .prefault({}),
    'services-in-their-place': z
      .strictObject({ mode, allow: z.record(z.string(), z.array(SignedAct)).default({}) })
      .prefault({}),
    'tags-signed': plain,
    'tags-immutable': plain,
    'history-kept': plain,
    'ticket-referenced': z
      .strictObject({ mode: RuleMode.default('warn'), pattern: pattern.default('\\b[A-Z][A-Z0-9]+-[0-9]+\\b|#[0-9]+') })
      .prefault({}),
    'separation-of-duties': plain,
  })
  .prefault({})

export const Policy = z.strictObject({
  apiVersion: z.literal('countersign.dev/v1'),
  kind: z.literal('Policy'),
  /** Which refs are governed, as shell-like patterns over short names: `*` stops at a slash, `**` does not. */
  controlledRefs: z
    .strictObject({
      branches: z.array(z.string().min(1)).default(['main', 'master']),
      tags: z.array(z.string().min(1)).default(['**']),
    })
    .prefault({}),
  rules: Rules,
})
export type Policy = z.infer<typeof Policy>
export type RuleId = keyof Policy['rules']

function compiles(source: string): boolean {
  try {
    new RegExp(source, 'u')
    return true
  } catch {
    return false
  }
}
