import { expect, test } from 'vitest'
import { matchesPattern, matchesPatternList } from './pattern-list.ts'

test.for([
  { text: 'alice', pattern: 'alice', matches: true },
  { text: 'alice', pattern: 'alic', matches: false },
  { text: 'alice', pattern: 'alicee', matches: false },
  { text: 'alice', pattern: 'Alice', matches: false },
  { text: 'alice', pattern: 'a?ice', matches: true },
  { text: 'alice', pattern: 'alice?', matches: false },
  { text: 'alice', pattern: '*', matches: true },
  { text: '', pattern: '*', matches: true },
  { text: '', pattern: '', matches: true },
  { text: 'a', pattern: '', matches: false },
  { text: 'abcbc', pattern: 'a*bc', matches: true },
  { text: 'abcbd', pattern: 'a*bc', matches: false },
  { text: 'aXbXc', pattern: 'a*?b**c', matches: true },
  { text: '*', pattern: '*', matches: true },
  { text: 'a.c', pattern: 'a\\.c', matches: false },
])('"$text" against "$pattern": $matches', ({ text, pattern, matches }) => {
  expect(matchesPattern(text, pattern)).toBe(matches)
})

test.for([
  { text: 'git', list: 'file,git', matches: true },
  { text: 'git', list: 'file', matches: false },
  { text: 'git', list: '*,!git', matches: false },
  { text: 'git', list: '!git,*', matches: false },
  { text: 'git', list: '!file', matches: false },
  { text: 'git', list: '!file,*', matches: true },
  { text: 'git', list: '', matches: false },
  { text: 'git', list: `git,${'a'.repeat(1022)}`, matches: true },
  { text: 'git', list: `git,${'a'.repeat(1023)}`, matches: false },
])('"$text" against the list "$list": $matches', ({ text, list, matches }) => {
  expect(matchesPatternList(text, list)).toBe(matches)
})

test('does not take exponential time over stars', () => {
  expect(matchesPattern('a'.repeat(5000), `${'a*'.repeat(400)}b`)).toBe(false)
})
