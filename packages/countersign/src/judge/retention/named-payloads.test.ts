import { EVIDENCE_REFERENCE, type Json, type Statement } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PAYLOAD_PRUNED } from '../evidence-types/payload-pruned.ts'
import { envelopeNamedBy, payloadsNamedBy } from './named-payloads.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const
const statement = (predicate: Statement['predicate'], predicateType = 'https://example.com/t'): Statement => ({
  subject: [{ digest: { sha256: 'c'.repeat(64) } }],
  predicateType,
  predicate,
})

describe('the payloads that a statement names', () => {
  test('are every digest in its predicate, wherever it stands, each once, and none of its subject', () => {
    const named = payloadsNamedBy(statement({ inputs: { sha256: A }, list: [{ deep: [B, A] }], no: A.slice(1), n: 1 }))
    expect([...named].sort()).toEqual([A, B])
  })

  test('are none for a tombstone, which names what is gone', () => {
    expect([...payloadsNamedBy(statement({ payload: { sha256: A } }, PAYLOAD_PRUNED))]).toEqual([])
  })

  test('are found at any depth without running out of stack', () => {
    let deep: Json = { sha256: A }
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    expect([...payloadsNamedBy(statement({ deep }))]).toEqual([A])
  })

  test('are found in a list of any length', () => {
    const wide: Json = [...Array.from({ length: 500_000 }, () => 'x'), A]
    expect([...payloadsNamedBy(statement({ wide }))]).toEqual([A])
  })

  test('are never fewer for one field more', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        const few = payloadsNamedBy(statement({ one: [one as Json, A] }))
        const more = payloadsNamedBy(statement({ one: [one as Json, A], two: two as Json }))
        expect([...few].filter((digest) => !more.has(digest))).toEqual([])
        expect(few.has(A)).toBe(true)
      }),
    )
  })
})

test('the envelope that stands elsewhere is named by a reference and by nothing else', () => {
  expect(envelopeNamedBy(statement({ envelope: { sha256: A, size: 1 } }, EVIDENCE_REFERENCE))).toBe(A)
  expect(envelopeNamedBy(statement({ envelope: { sha256: A, size: 1 } }))).toBeNull()
  for (const envelope of [null, A, [A], { sha256: 'x' }, {}]) {
    expect(envelopeNamedBy(statement({ envelope }, EVIDENCE_REFERENCE))).toBeNull()
  }
})
