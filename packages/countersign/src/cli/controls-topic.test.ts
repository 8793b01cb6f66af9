import { expect, test } from 'vitest'
import { FRAMEWORKS } from '../judge/controls/mapping.ts'
import { controlFilter } from './commands/control-filter.ts'
import { controlsTopic } from './controls-topic.ts'

test('the topic lists every framework in every version', () => {
  const text = controlsTopic()
  for (const { id, name, versions } of FRAMEWORKS) {
    expect(text).toContain(name)
    for (const { version } of versions) expect(text).toContain(`  ${id}@${version} `)
  }
  for (const line of text.split('\n')) expect(line).toBe(line.trimEnd())
})

test('every example in it is a control that is known', () => {
  const examples = [...controlsTopic().matchAll(/--control (\S+)/g)].map(([, tag = '']) => tag)
  expect(examples).toHaveLength(3)
  for (const tag of examples) expect(controlFilter(tag, new Set()).tags.size).toBeGreaterThan(0)
})
