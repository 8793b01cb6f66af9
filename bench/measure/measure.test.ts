import { expect, test } from 'vitest'
import { alternate, median, medianOf, pairedRatio, wall } from './pairing.ts'
import { figure, goalLine } from './report.ts'
import type { Cost } from './timed-run.ts'

const cost = (wallMs: number): Cost => ({ wallMs, userMs: 0, sysMs: 0, peakKiB: 0, treePeakKiB: null })

test.for([
  { name: 'odd', values: [9, 1, 5], middle: 5 },
  { name: 'even', values: [4, 1, 3, 2], middle: 2.5 },
  { name: 'one', values: [7], middle: 7 },
])('the median of an $name number of values', ({ values, middle }) => {
  expect(median(values)).toBe(middle)
})

test('there is no median of nothing', () => {
  expect(() => median([])).toThrow('no values')
})

test('contenders take turns, and the first round does not count', async () => {
  const order: string[] = []
  const contender = (name: string, times: number[]) => ({
    name,
    run: async () => {
      order.push(name)
      return cost(times.shift() as number)
    },
  })
  const [a, b] = await alternate([contender('a', [99, 1, 2, 3]), contender('b', [99, 10, 40, 90])], 3)
  expect(order.join('')).toBe('abababab')
  expect(a && medianOf(a, wall)).toBe(2)
  expect(a && b && pairedRatio(a, b, wall)).toBe(20)
})

test.for([
  { name: 'more is better and it is more', better: 'more', value: 3, word: 'PASS' },
  { name: 'more is better and it is less', better: 'more', value: 1, word: 'MISS' },
  { name: 'less is better and it is less', better: 'less', value: 1, word: 'PASS' },
  { name: 'less is better and it is more', better: 'less', value: 3, word: 'MISS' },
] as const)('a goal line says whether it was met: $name', ({ better, value, word }) => {
  expect(goalLine({ what: 'w', value, goal: 2, unit: '×', better }).startsWith(`${word}  w`)).toBe(true)
})

test('figures have three digits and no exponent', () => {
  expect([0.1234, 12.345, 1234.5].map(figure)).toEqual(['0.123', '12.3', '1235'])
})
