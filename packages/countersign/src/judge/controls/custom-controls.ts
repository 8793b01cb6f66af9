import { z } from 'zod'
import { EVIDENCE_CODE_NAMES, type EvidenceCode } from './evidence-codes.ts'
import { FITS } from './framework.ts'

/**
 * `.countersign/controls.yaml`: frameworks of a customer's own, and what they map to controls beyond the mapping that ships.
 * docs/schemas/controls.json is generated from it.
 */

const Code = z.enum(EVIDENCE_CODE_NAMES as readonly [EvidenceCode, ...EvidenceCode[]])

const support = {
  evidence: z.array(Code).min(1),
  fit: z.enum(FITS),
  rationale: z.string().min(1).max(500),
}

const name = z
  .string()
  .max(40)
  .regex(/^[a-z0-9][a-z0-9.-]*$/, 'must be lower-case letters, digits, dots and dashes')
const id = z
  .string()
  .max(40)
  .regex(/^[A-Za-z0-9][A-Za-z0-9.()_-]*$/, 'must be letters, digits, dots, parentheses, dashes and underscores')

const CustomFramework = z
  .strictObject({
    id: name.regex(/^x-./, 'must begin with x-, so that no framework that ships is ever called the same'),
    version: name,
    name: z.string().min(1).max(120),
    controls: z.array(z.strictObject({ id, label: z.string().min(1).max(200), ...support })).min(1),
    /** Ids of older versions, and the id of this version that took the place of each. */
    superseded: z.array(z.strictObject({ version: name, id, by: id })).default([]),
  })
  .superRefine(({ version, controls, superseded }, context) => {
    const ids = new Set<string>()
    for (const [at, control] of controls.entries()) {
      if (ids.has(control.id))
        context.addIssue({ code: 'custom', path: ['controls', at, 'id'], message: `"${control.id}" stands twice` })
      ids.add(control.id)
    }
    const old = new Set<string>()
    for (const [at, { by, ...former }] of superseded.entries()) {
      const key = `${former.version}:${former.id}`
      const fault = !ids.has(by)
        ? `"${by}" is no control of version ${version}`
        : former.version === version || old.has(key)
          ? `"${key}" stands twice, or is of the version that is in force`
          : null
      old.add(key)
      if (fault !== null) context.addIssue({ code: 'custom', path: ['superseded', at], message: fault })
    }
  })

export const CustomControls = z
  .strictObject({
    apiVersion: z.literal('countersign.dev/v1'),
    kind: z.literal('Controls'),
    frameworks: z.array(CustomFramework).default([]),
    mappings: z.array(z.strictObject({ tag: z.string().min(1).max(120), ...support })).default([]),
  })
  .superRefine(({ frameworks }, context) => {
    for (const [at, framework] of frameworks.entries()) {
      if (frameworks.findIndex(({ id }) => id === framework.id) === at) continue
      context.addIssue({ code: 'custom', path: ['frameworks', at, 'id'], message: `"${framework.id}" stands twice` })
    }
  })
export type CustomControls = z.infer<typeof CustomControls>
