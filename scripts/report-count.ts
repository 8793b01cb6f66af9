/** How many checks passed and failed, and the names of those that failed. */
export interface Count {
  readonly passed: number
  readonly failed: number
  readonly notes: readonly string[]
}

/** The tests of a vitest JSON report; a report that is no report, holds no test or is unsuccessful without a failed test fails once. */
export function countReport(report: unknown, file: string): Count {
  if (!isRecord(report)) return failure(`${file} is not a test report`)
  const { numPassedTests: passed, numFailedTests: failed, success, testResults } = report
  if (typeof passed !== 'number' || typeof failed !== 'number') return failure(`${file} is not a test report`)
  const notes = Array.isArray(testResults) ? testResults.flatMap(failedNames) : []
  if (passed + failed === 0) return failure(`${file} holds no test`)
  // A file that does not load fails the run without failing a test.
  if (success !== true && failed === 0) return { passed, failed: 1, notes: [...notes, `${file} was not successful`] }
  return { passed, failed, notes }
}

/** One step, as `NAME:EXITCODE`. */
export function countStep(step: string): Count {
  const [, name, code] = /^(.+):(\d+)$/.exec(step) ?? []
  if (name === undefined) return failure(`"${step}" is not NAME:EXITCODE`)
  return code === '0' ? { passed: 1, failed: 0, notes: [] } : failure(`${name} (exit code ${code})`)
}

export function sumCounts(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
    notes: counts.flatMap(({ notes }) => notes),
  }
}

function failedNames(file: unknown): readonly string[] {
  if (!isRecord(file) || file['status'] === 'passed') return []
  const tests = Array.isArray(file['assertionResults']) ? file['assertionResults'].filter(isRecord) : []
  const failed = tests.filter(({ status }) => status === 'failed')
  if (failed.length === 0) return [`${file['name']} did not load`]
  return failed.map(({ fullName }) => `${file['name']} › ${fullName}`)
}

function failure(note: string): Count {
  return { passed: 0, failed: 1, notes: [note] }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
