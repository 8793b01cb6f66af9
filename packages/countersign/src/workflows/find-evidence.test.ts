import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evidenceOf, openTestLog, testGround } from '../adapters/log/log.fixtures.ts'
import { findEvidence } from './find-evidence.ts'
import type { EvidenceLog } from './ports/evidence-log.ts'

const NAMES = ['a', 'b', 'c']
const some = fc.uniqueArray(fc.constantFrom(...NAMES))
const evidence = fc.array(fc.record({ subjects: some, controls: some }), { maxLength: 30 })

async function logOf(
  all: readonly { readonly subjects: string[]; readonly controls: string[] }[],
): Promise<EvidenceLog> {
  const log = await openTestLog(testGround())
  await log.append(all.map((terms, at) => evidenceOf(Buffer.from(`entry ${at}`), terms)))
  return log
}

test('finds what carries any of the subjects and any of the controls, each once and in order, as looking at everything does', async () => {
  const wish = fc.record({
    subjects: fc.option(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })),
    controls: fc.option(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })),
    after: fc.integer({ min: -1, max: 30 }),
    limit: fc.integer({ min: 0, max: 31 }),
  })
  await fc.assert(
    fc.asyncProperty(evidence, wish, async (all, { subjects, controls, after, limit }) => {
      const found = await Array.fromAsync(findEvidence({ subjects, controls, after, limit }, await logOf(all)))
      const carries = (wanted: readonly string[] | null, own: readonly string[]): boolean =>
        wanted === null || wanted.some((one) => own.includes(one))
      const expected = all.flatMap((one, at) =>
        at > after && carries(subjects, one.subjects) && carries(controls, one.controls) ? [at] : [],
      )
      expect(found.map(({ index }) => index)).toEqual(expected.slice(0, limit))
    }),
    { numRuns: 60 },
  )
})

test('asks for no more than is taken, and ends what it began', async () => {
  let [asked, ended] = [0, 0]
  const log = {
    find: async function* () {
      try {
        for (let index = 0; ; index++) {
          asked += 1
          yield { index, terms: evidenceOf(Buffer.from(String(index))).terms }
        }
      } finally {
        ended += 1
      }
    },
  }
  for await (const { index } of findEvidence({ subjects: ['a', 'b'], controls: null }, log)) if (index === 3) break
  expect([asked <= 10, ended]).toEqual([true, 2])
})
