/**
 * Prints the last line of a continuous integration run, `N passed, N failed`, and fails when anything did.
 *
 * Arguments: vitest JSON reports (`tests=FILE`), each counted test by test, and other steps (`step=NAME:EXITCODE`), each
 * counted as one. A report that is missing, unreadable or without a test counts as one failure: silence is no success.
 */
import { readFileSync } from 'node:fs'
import { countReport, countStep, sumCounts } from './report-count.ts'

const counts = process.argv.slice(2).map((argument) => {
  const [kind, value = ''] = argument.split(/=(.*)/s)
  if (kind === 'tests') return countReport(readReport(value), value)
  if (kind === 'step') return countStep(value)
  return { passed: 0, failed: 1, notes: [`"${argument}" is neither tests=FILE nor step=NAME:EXITCODE`] }
})
const { passed, failed, notes } = sumCounts(counts)
for (const note of notes) console.error(`failed: ${note}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
