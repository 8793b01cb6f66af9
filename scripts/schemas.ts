/**
 * Writes the JSON Schemas of what people write by hand (`node scripts/schemas.ts`), from the same zod schemas that read it: the files
 * of `.countersign/`, and the retention policy. What JSON Schema cannot say, such as that a sponsor must be a person of the same file,
 * is checked when the file is read.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Identities } from '../packages/countersign/src/adapters/policy/identities-schema.ts'
import { CustomControls } from '../packages/countersign/src/judge/controls/custom-controls.ts'
import { Policy } from '../packages/countersign/src/judge/policy.ts'
import { RetentionPolicy } from '../packages/countersign/src/judge/retention/retention-policy.ts'
import { PROJECT_ROOT } from './project-files.ts'

const SCHEMAS = [
  { name: 'policy', title: '.countersign/policy.yaml', schema: Policy },
  { name: 'identities', title: '.countersign/identities.yaml', schema: Identities },
  { name: 'controls', title: '.countersign/controls.yaml', schema: CustomControls },
  { name: 'retention', title: 'A retention policy', schema: RetentionPolicy },
] as const

/** The text of every published schema, by its path below the root. */
export function schemaTexts(): ReadonlyMap<string, string> {
  return new Map(
    SCHEMAS.map(({ name, title, schema }) => {
      const { $schema, ...rest } = schema.toJSONSchema({ io: 'input', target: 'draft-2020-12' })
      const whole = { $schema, $id: `https://countersign.dev/schemas/${name}.json`, title, ...rest }
      return [`docs/schemas/${name}.json`, `${JSON.stringify(whole, null, 2)}\n`]
    }),
  )
}

if (import.meta.main) {
  for (const [path, text] of schemaTexts()) {
    mkdirSync(join(PROJECT_ROOT, 'docs/schemas'), { recursive: true })
    writeFileSync(join(PROJECT_ROOT, path), text)
    console.log(`wrote ${path}`)
  }
}
