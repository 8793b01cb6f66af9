import { expect, test } from 'vitest'
import { countReport, countStep, sumCounts } from './report-count.ts'

const report = { numPassedTests: 3, numFailedTests: 0, success: true, testResults: [] }

test('counts a good report', () => {
  expect(countReport(report, 'a.json')).toEqual({ passed: 3, failed: 0, notes: [] })
})

test.for([
  { name: 'a missing report', report: null, note: 'a.json is not a test report' },
  { name: 'another document', report: { a: 1 }, note: 'a.json is not a test report' },
  { name: 'a report without a test', report: { ...report, numPassedTests: 0 }, note: 'a.json holds no test' },
  {
    name: 'a run that broke outside its tests',
    report: { ...report, success: false },
    note: 'a.json was not successful',
  },
])('counts $name as one failure', ({ report, note }) => {
  expect(countReport(report, 'a.json')).toEqual(expect.objectContaining({ failed: 1, notes: [note] }))
})

test('names failed tests and files that did not load', () => {
  const testResults = [
    {
      name: 'a.test.ts',
      status: 'failed',
      assertionResults: [{ status: 'failed', fullName: 'adds' }, { status: 'passed' }],
    },
    { name: 'b.test.ts', status: 'failed', assertionResults: [] },
    { name: 'c.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }] },
  ]
  expect(countReport({ ...report, numFailedTests: 1, success: false, testResults }, 'a.json')).toEqual({
    passed: 3,
    failed: 1,
    notes: ['a.test.ts › adds', 'b.test.ts did not load'],
  })
})

test.for([
  { step: 'format:0', passed: 1, failed: 0 },
  { step: 'format:1', passed: 0, failed: 1 },
  { step: 'format', passed: 0, failed: 1 },
])('counts the step $step', ({ step, passed, failed }) => {
  expect(countStep(step)).toEqual(expect.objectContaining({ passed, failed }))
})

test('adds up', () => {
  const one = { passed: 1, failed: 2, notes: ['a'] }
  expect(sumCounts([one, one])).toEqual({ passed: 2, failed: 4, notes: ['a', 'a'] })
})
