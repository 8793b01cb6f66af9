import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FRAMEWORKS } from '../packages/countersign/src/judge/controls/mapping.ts'
import { CONTROLS_PAGE, controlsPage } from './controls-page.ts'
import { PROJECT_ROOT } from './project-files.ts'

test('the page about controls is what the mapping says; if not: node scripts/controls-page.ts', () => {
  expect(readFileSync(join(PROJECT_ROOT, CONTROLS_PAGE), 'utf8')).toBe(controlsPage())
})

test('it names every control in force, and where every retired id leads', () => {
  const page = controlsPage()
  for (const { versions, profileOf } of FRAMEWORKS) {
    for (const { controls, superseded, unsupported } of versions) {
      for (const { id } of controls) expect(page).toContain(profileOf === null ? `| ${id} | ` : id)
      for (const { id, by } of superseded) expect(page).toContain(`${id} → ${by.slice(by.indexOf(':') + 1)}`)
      for (const { id, label } of unsupported) expect(page).toContain(`${id} (${label})`)
    }
  }
})
