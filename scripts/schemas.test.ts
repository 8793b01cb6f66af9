import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RULES } from '../packages/countersign/src/judge/rules.ts'
import { PROJECT_ROOT } from './project-files.ts'
import { schemaTexts } from './schemas.ts'

test.for([...schemaTexts()])('%s is what the code reads by; if not: node scripts/schemas.ts', ([path, text]) => {
  expect(readFileSync(join(PROJECT_ROOT, path), 'utf8')).toBe(text)
})

test('no schema is published that nothing reads by', () => {
  const published = readdirSync(join(PROJECT_ROOT, 'docs/schemas')).map((name) => `docs/schemas/${name}`)
  expect(published.sort()).toEqual([...schemaTexts().keys()].sort())
})

test('the schemas name every rule, demand what has no default and allow nothing unknown', () => {
  const schema = (name: string) => JSON.parse(schemaTexts().get(`docs/schemas/${name}.json`) ?? '{}')
  const policy = schema('policy')
  expect(Object.keys(policy.properties.rules.properties).sort()).toEqual(RULES.map(({ id }) => id).sort())
  expect(policy).toMatchObject({ required: ['apiVersion', 'kind'], additionalProperties: false })
  const identities = schema('identities')
  expect(identities.properties.identities.items).toMatchObject({
    required: ['id', 'name'],
    additionalProperties: false,
  })
  expect(identities.properties.identities.items.properties.keys.items.anyOf).toHaveLength(4)
})
