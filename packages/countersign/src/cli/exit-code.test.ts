import { VERDICTS, type Verdict } from '@countersign/verify'
import { expect, test } from 'vitest'
import { EXIT_CODES, exitCodeOf } from './exit-code.ts'

const TABLE: readonly (readonly [verdict: Verdict, exit: number, whenWarningsCount: number])[] = [
  ['fail', 1, 1],
  ['indeterminate', 3, 3],
  ['pending', 8, 8],
  ['warn', 0, 5],
  ['pass', 0, 0],
  ['not_applicable', 0, 0],
  ['waived', 0, 0],
  ['break_glass', 0, 0],
]

test.for(TABLE)('%s ends with %i, and with %i where warnings count', ([verdict, exit, whenWarningsCount]) => {
  expect(exitCodeOf(verdict, 'fail')).toBe(exit)
  expect(exitCodeOf(verdict, 'warn')).toBe(whenWarningsCount)
})

test('every verdict has an exit code, and every one that is given is documented once', () => {
  expect(TABLE.map(([verdict]) => verdict).sort()).toEqual([...VERDICTS].sort())
  const documented = EXIT_CODES.map(([exit]) => exit)
  expect(new Set(documented).size).toBe(documented.length)
  for (const verdict of VERDICTS) {
    for (const failOn of ['fail', 'warn'] as const) expect(documented).toContain(exitCodeOf(verdict, failOn))
  }
})
