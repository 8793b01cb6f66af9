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
  .refine(
    isQuick,
    'must not repeat a group that repeats or chooses, nor repeat without bound more than three times in one alternative',
  )

/** A pattern over ref names; a bound on its stars bounds the time that matching takes. */
const refPattern = z
  .string()
  .min(1)
  .max(500)
  .regex(/^(?:[^*]*\*{1,2}){0,3}[^*]*$/, 'may hold at most three * or **')

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
    // Absent in policies that were sealed before there was this rule: by those it is not judged. `withEveryRule` fills it in.
    'merges-add-nothing': z.strictObject({ mode: RuleMode.default('observe') }).exactOptional(),
  })
  .prefault({})

export const Policy = z.strictObject({
  apiVersion: z.literal('countersign.dev/v1'),
  kind: z.literal('Policy'),
  /** Which refs are governed, as shell-like patterns over short names: `*` stops at a slash, `**` does not. */
  controlledRefs: z
    .strictObject({
      branches: z.array(refPattern).default(['main', 'master']),
      tags: z.array(refPattern).default(['**']),
    })
    .prefault({}),
  rules: Rules,
})
export type Policy = z.infer<typeof Policy>
export type RuleId = keyof Policy['rules']

/** A policy as somebody wrote it, with the rules that later versions brought in the mode that they begin with. */
export function withEveryRule(policy: Policy): Policy {
  return {
    ...policy,
    rules: { ...policy.rules, 'merges-add-nothing': { mode: 'observe', ...policy.rules['merges-add-nothing'] } },
  }
}

const UNBOUNDED = /^(?:[+*]|\{\d+,\})/

/**
 * Whether a pattern is of a kind that cannot take for ever: whoever may propose a change can choose the message, and must not be able to
 * stop the judge with it. Refuses some patterns that would be harmless.
 */
function isQuick(source: string): boolean {
  const plain = source.replaceAll(/\\.|\[(?:[^\]\\]|\\.)*\]/g, 'x')
  const open: { repeats: boolean }[] = [{ repeats: false }]
  let repeats = 0
  for (let at = 0; at < plain.length; at += 1) {
    const group = open.at(-1)
    const isRepeated = UNBOUNDED.test(plain.slice(at + 1))
    if (plain[at] === '(') open.push({ repeats: false })
    else if (plain[at] === '|') {
      if (group !== undefined) group.repeats = true
      if (open.length === 1) repeats = 0
    } else if (plain[at] === ')') {
      const ended = open.pop()
      if (ended?.repeats && isRepeated) return false
      const outer = open.at(-1)
      if (outer !== undefined && (ended?.repeats || isRepeated)) outer.repeats = true
    } else if (isRepeated && group !== undefined) group.repeats = true
    if (isRepeated && plain[at] !== '(') repeats += 1
    if (repeats > 3) return false
  }
  return true
}

function compiles(source: string): boolean {
  try {
    new RegExp(source, 'u')
    return true
  } catch {
    return false
  }
}
