import { describe, expect, test } from 'vitest'
import type { ToldChange } from '../../../wire.ts'
import type { CheckedChange } from '../../../workflows/check-changes.ts'
import { commitLetters, findDifferences, findOtherLetters } from './differences.ts'

const OBJECT = 'a'.repeat(40)
const told: ToldChange = {
  ref: 'refs/heads/main',
  kind: 'direct',
  object: OBJECT,
  told: 'Nobody signs.',
  verdict: 'fail',
  faults: ['commits-signed fail unsigned'],
}

function judged(
  changes: { verdict?: 'fail' | 'warn'; reason?: string; git?: string; policy?: null } = {},
): CheckedChange {
  const { verdict = 'fail', reason = 'unsigned', git = 'N' } = changes
  const rule = { rule: 'commits-signed', sentence: 'Signed.', mode: 'enforce', controls: [] }
  const explanation = { about: OBJECT, verdict, reason, sentence: 'not signed', parts: [] }
  return {
    entry: null,
    decision: {
      change: { kind: 'direct', repository: 'here', ref: 'refs/heads/main', object: OBJECT, base: null },
      verdict,
      basis: null,
      rules: [{ ...rule, verdict, explanation }],
      signatures: [
        {
          object: OBJECT,
          type: 'commit',
          scheme: null,
          status: 'unsigned',
          git,
          key: null,
          principal: null,
          reason,
          signer: null,
        },
      ],
      controls: [],
      policy: changes.policy === null ? null : { sha256: 'b'.repeat(64) },
      engine: { name: 'countersign', version: '0' },
      occurredAt: null,
      evaluatedAt: '2026-01-01T00:00:00Z',
    },
  }
}

describe('the story is held to what it must lead to', () => {
  test('a story that comes out as told has no difference', () => {
    expect(findDifferences([told], [judged()])).toEqual([])
  })

  test.for([
    { name: 'another verdict', expected: [told], found: [judged({ verdict: 'warn' })], says: 'direct warn' },
    { name: 'another reason', expected: [told], found: [judged({ reason: 'expired' })], says: 'fail expired' },
    {
      name: 'another object',
      expected: [{ ...told, object: 'c'.repeat(40) }],
      found: [judged()],
      says: 'cccccccccccc',
    },
    { name: 'another kind', expected: [{ ...told, kind: 'merge' as const }], found: [judged()], says: 'merge fail' },
    { name: 'a change too few', expected: [told], found: [], says: 'got nothing' },
    { name: 'a change too many', expected: [], found: [judged()], says: 'expected nothing' },
  ])('$name is a difference', ({ expected, found, says }) => {
    const [difference] = findDifferences(expected, found)
    expect(difference).toContain(says)
  })
})

describe("git's own letters are compared with ours", () => {
  test.for([
    { name: 'the same letter', says: [[OBJECT, 'N']] as const, others: 0 },
    { name: 'another letter', says: [[OBJECT, 'G']] as const, others: 1 },
    { name: 'a commit that git does not know', says: [] as const, others: 1 },
  ])('$name', ({ says, others }) => {
    expect(findOtherLetters([judged()], new Map(says))).toHaveLength(others)
  })

  test('a commit that was judged without any keys has no letter to compare', () => {
    expect(commitLetters([judged({ policy: null })])).toEqual([])
  })
})
