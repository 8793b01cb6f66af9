import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leaf, verdictOfParts } from './explanation.ts'
import { VERDICTS, type Verdict, worstVerdict } from './verdict.ts'

test.for<{ parts: readonly Verdict[]; whole: Verdict }>([
  { parts: [], whole: 'not_applicable' },
  { parts: ['not_applicable'], whole: 'not_applicable' },
  { parts: ['not_applicable', 'pass'], whole: 'pass' },
  { parts: ['pass', 'warn'], whole: 'warn' },
  { parts: ['warn', 'waived'], whole: 'waived' },
  { parts: ['waived', 'break_glass'], whole: 'break_glass' },
  { parts: ['break_glass', 'pending'], whole: 'pending' },
  { parts: ['pending', 'indeterminate'], whole: 'indeterminate' },
  { parts: ['indeterminate', 'fail'], whole: 'fail' },
  { parts: [...VERDICTS], whole: 'fail' },
])('$parts together are $whole', ({ parts, whole }) => {
  expect(worstVerdict(parts)).toBe(whole)
  expect(verdictOfParts(parts.map((verdict) => leaf({ about: 'a', verdict, reason: 'r', sentence: 's' })))).toBe(whole)
})

const verdict = fc.constantFrom(...VERDICTS)

test('the order of parts does not matter, nor how they are grouped', () => {
  fc.assert(
    fc.property(fc.array(verdict), fc.array(verdict), (one, other) => {
      expect(worstVerdict([...one, ...other])).toBe(worstVerdict([...other, ...one]))
      expect(worstVerdict([worstVerdict(one), worstVerdict(other)])).toBe(worstVerdict([...one, ...other]))
    }),
  )
})

test('a whole passes only where each part passes or does not apply', () => {
  fc.assert(
    fc.property(fc.array(verdict), (parts) => {
      const isAllPass = parts.every((part) => part === 'pass' || part === 'not_applicable')
      expect(worstVerdict(parts) === 'pass').toBe(isAllPass && parts.includes('pass'))
    }),
  )
})

test('an explanation without parts says so', () => {
  expect(leaf({ about: 'a', verdict: 'pass', reason: 'r', sentence: 's' }).parts).toEqual([])
})
