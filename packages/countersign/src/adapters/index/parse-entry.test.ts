import { expect, test } from 'vitest'
import { parseEntry } from './parse-entry.ts'

const CHANGE = { kind: 'direct', repository: 'r', ref: 'refs/heads/main', object: 'a', base: null }
const ENTRY = {
  index: 0,
  digest: 'd',
  change: CHANGE,
  verdict: 'pass',
  controls: ['a:b'],
  policy: null,
  inputs: 'e',
  evaluatedAt: 't',
  recordedAt: 't',
}

test('gives a whole entry, with and without a policy and a base', () => {
  expect(parseEntry(JSON.stringify(ENTRY))).toEqual(ENTRY)
  const full = { ...ENTRY, policy: 'p', change: { ...CHANGE, base: 'b' } }
  expect(parseEntry(JSON.stringify(full))).toEqual(full)
})

test.for([
  { name: 'what is no JSON', text: '{' },
  { name: 'null', text: 'null' },
  { name: 'a list', text: '[]' },
  { name: 'an index alone', text: '{"index":0}' },
  { name: 'an index that is no whole number', text: JSON.stringify({ ...ENTRY, index: 0.5 }) },
  { name: 'a digest that is no text', text: JSON.stringify({ ...ENTRY, digest: 1 }) },
  { name: 'a change that is none', text: JSON.stringify({ ...ENTRY, change: null }) },
  { name: 'a ref that is no text', text: JSON.stringify({ ...ENTRY, change: { ...CHANGE, ref: 5 } }) },
  { name: 'a base that is no text', text: JSON.stringify({ ...ENTRY, change: { ...CHANGE, base: 5 } }) },
  { name: 'a verdict that there is not', text: JSON.stringify({ ...ENTRY, verdict: 'fine' }) },
  { name: 'controls that are no list', text: JSON.stringify({ ...ENTRY, controls: 'a' }) },
  { name: 'a control that is no text', text: JSON.stringify({ ...ENTRY, controls: [1] }) },
  { name: 'a policy that is no text', text: JSON.stringify({ ...ENTRY, policy: 1 }) },
])('refuses $name', ({ text }) => {
  expect(parseEntry(text)).toBeNull()
})
