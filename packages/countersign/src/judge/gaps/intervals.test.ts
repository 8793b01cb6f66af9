import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Interval, intersect, subtract, unite } from './intervals.ts'

const SIZE = 24
const interval = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).map(([from, to]): Interval => ({ from, to }))
const some = fc.array(interval, { maxLength: 8 })
const seconds = (intervals: readonly Interval[]): readonly boolean[] =>
  Array.from({ length: SIZE }, (_, at) => intervals.some(({ from, to }) => from <= at && at < to))

test.for([
  { name: 'unite', run: (a: readonly Interval[], _b: readonly Interval[]) => unite(a), says: (a: boolean) => a },
  { name: 'subtract', run: subtract, says: (a: boolean, b: boolean) => a && !b },
  { name: 'intersect', run: intersect, says: (a: boolean, b: boolean) => a && b },
])('$name agrees with second by second, and gives intervals in order, apart and not empty', ({ run, says }) => {
  fc.assert(
    fc.property(some, some, (a, b) => {
      const [inA, inB] = [seconds(a), seconds(b)]
      const result = run(a, b)
      expect(seconds(result)).toEqual(inA.map((one, at) => says(one, inB[at] ?? false)))
      for (const [at, { from, to }] of result.entries()) {
        expect(from).toBeLessThan(to)
        expect(from).toBeGreaterThan(result[at - 1]?.to ?? -1)
      }
    }),
    { numRuns: 500 },
  )
})
