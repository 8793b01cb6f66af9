import { expect, test } from 'vitest'
import { compareAnswers, comparisonLines, type OurAnswer, parseAnswers } from './compare.ts'

const object = { id: 'a1', type: 'commit', className: 'ssh-x/plain/usual/whole' } as const
const good: OurAnswer = { object: 'a1', status: 'good', letter: 'G', key: 'K', principal: 'P', reason: 'verified' }
const theirs = { letter: 'G', key: 'K', signer: 'P' }

function compared(ours: OurAnswer | null, git: typeof theirs) {
  const answers = new Map(ours === null ? [] : [[object.id, ours]])
  return compareAnswers({ objects: [object] }, answers, new Map([[object.id, git]]))
}

test.for([
  { name: 'another letter', ours: { ...good, letter: 'U' }, git: theirs },
  { name: 'no line from us', ours: null, git: theirs },
  { name: 'good from us where git died', ours: good, git: { ...theirs, letter: '!' } },
  { name: 'untrusted from us where git died', ours: { ...good, letter: 'U' }, git: { ...theirs, letter: '!' } },
])('is an unexplained disagreement: $name', ({ ours, git }) => {
  const comparison = compared(ours, git)
  expect(comparison.unexplained).toHaveLength(1)
  expect(comparison.agreed).toBe(0)
  expect(comparisonLines('t', comparison).join('\n')).toContain('ssh-x/plain/usual/whole')
})

test.for([
  { name: 'the same letter', ours: good, git: theirs },
  { name: 'bad from us where git died', ours: { ...good, letter: 'B' }, git: { ...theirs, letter: '!' } },
  { name: 'a stricter status under the same letter', ours: { ...good, status: 'malformed' }, git: theirs },
])('agrees: $name', ({ ours, git }) => {
  expect(compared(ours, git)).toMatchObject({ agreed: 1, unexplained: [], signatures: 1 })
})

test('counts a stricter status with its reason', () => {
  const comparison = compared({ ...good, status: 'bad', reason: 'weak_digest' }, theirs)
  expect([...comparison.stricter]).toEqual([['bad/weak_digest', 1]])
})

test('reports another key and another signer without failing', () => {
  const comparison = compared({ ...good, key: 'L', principal: 'Q' }, theirs)
  expect(comparison.otherKey).toHaveLength(1)
  expect(comparison.otherSigner).toHaveLength(1)
  expect(comparison.agreed).toBe(1)
})

test('refuses to compare what git was not asked about', () => {
  expect(() => compareAnswers({ objects: [object] }, new Map(), new Map())).toThrow('git was not asked about a1')
})

test.for([
  { name: 'no signature', line: '{"object":"a1"}' },
  { name: 'no object', line: '{"signature":{"git":"G"}}' },
  { name: 'not JSON', line: 'a1 G' },
])('refuses a line that is not an answer: $name', ({ line }) => {
  expect(() => parseAnswers(`${line}\n`)).toThrow()
})

test('reads a line as the contract has it', () => {
  const signature = { scheme: 'ssh', status: 'good', git: 'G', key: null, principal: 'P', reason: 'verified' }
  const line = JSON.stringify({ object: 'a1', type: 'commit', signature, verdict: 'pass' })
  expect(parseAnswers(`${line}\n`).get('a1')).toEqual({ ...good, key: '' })
})
