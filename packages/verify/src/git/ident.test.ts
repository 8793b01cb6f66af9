import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GitObjectError } from './git-object-error.ts'
import { headerText } from './header-lines.ts'
import { claimedTime, parseIdent } from './ident.ts'

function codeOf(value: string): string {
  try {
    parseIdent(value)
    return 'none'
  } catch (error) {
    if (error instanceof GitObjectError) return error.code
    throw error
  }
}

test.for([
  { name: 'nothing', value: '' },
  { name: 'no brackets', value: 'Ann 1 +0000' },
  { name: 'a bracket that does not close', value: 'Ann <ann@x 1 +0000' },
  { name: 'a bracket that does not open', value: 'Ann ann@x> 1 +0000' },
  { name: 'brackets the wrong way round', value: 'Ann >a< 1 +0000' },
  { name: 'no time', value: 'Ann <ann@x>' },
  { name: 'no zone', value: 'Ann <ann@x> 1' },
  { name: 'no space before the time', value: 'Ann <ann@x>1 +0000' },
  { name: 'two spaces before the time', value: 'Ann <ann@x>  1 +0000' },
  { name: 'a negative time', value: 'Ann <ann@x> -1 +0000' },
  { name: 'a fraction of a second', value: 'Ann <ann@x> 1.5 +0000' },
  { name: 'a time of sixteen digits', value: 'Ann <ann@x> 1000000000000000 +0000' },
  { name: 'a zone without a sign', value: 'Ann <ann@x> 1 0000' },
  { name: 'a zone of three digits', value: 'Ann <ann@x> 1 +000' },
  { name: 'text after the zone', value: 'Ann <ann@x> 1 +0000 x' },
  { name: 'a carriage return', value: 'Ann <ann@x> 1 +0000\r' },
])('refuses an identity with $name', ({ value }) => {
  expect(codeOf(value)).toBe('bad_ident')
})

test.for([
  {
    name: 'an ordinary one',
    value: 'Ann <ann@x> 1 +0200',
    ident: { name: 'Ann', email: 'ann@x', time: 1, zone: '+0200' },
  },
  { name: 'an empty name', value: ' <ann@x> 1 +0000', ident: { name: '', email: 'ann@x', time: 1, zone: '+0000' } },
  { name: 'an empty e-mail', value: 'Ann <> 1 +0000', ident: { name: 'Ann', email: '', time: 1, zone: '+0000' } },
  {
    name: 'an e-mail with brackets in it, as git cuts it',
    value: 'Ann <<a@x> b@y> 1 +0000',
    ident: { name: 'Ann', email: '<a@x', time: 1, zone: '+0000' },
  },
  {
    name: 'an e-mail whose case is kept',
    value: 'Ann <Ann@X.Example> 1 +0000',
    ident: { name: 'Ann', email: 'Ann@X.Example', time: 1, zone: '+0000' },
  },
  {
    name: 'a name with an escape sequence',
    value: 'A\u001b[31m <ann@x> 1 +0000',
    ident: { name: 'A\ufffd[31m', email: 'ann@x', time: 1, zone: '+0000' },
  },
])('reads $name', ({ value, ident }) => {
  expect(parseIdent(Buffer.from(value).toString('latin1'))).toEqual(ident)
})

test('reads a name that is not UTF-8 as Latin-1', () => {
  expect(parseIdent('Andr\xe9 <a@x> 1 +0000').name).toBe('Andr\u00e9')
})

test('either reads an identity or throws its own error, whatever the bytes', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...'a<>@ 1+0\0\xff')), (letters) => void codeOf(letters.join(''))))
})

test.for([
  { name: 'the committer line', payload: 'author A <a> 1 +0000\ncommitter C <c> 2 +0000\n\n', time: 2 },
  { name: 'the first of two', payload: 'committer C <c> 2 +0000\ncommitter C <c> 3 +0000\n\n', time: 2 },
  { name: 'several spaces before the time', payload: 'committer C <c>   2 +0000\n', time: 2 },
  { name: 'no committer', payload: 'author A <a> 1 +0000\n\n', time: null },
  { name: 'a committer without an e-mail', payload: 'committer C 2 +0000\n', time: null },
  { name: 'a NUL before the e-mail', payload: 'committer C\0 <c> 2 +0000\n', time: null },
  { name: 'a committer in the message only', payload: 'author A <a> 1 +0000\n\ncommitter C <c> 2 +0000\n', time: null },
  { name: 'a line that only begins alike', payload: 'committers C <c> 2 +0000\n', time: null },
  { name: 'no time', payload: 'committer C <c>\n', time: 0 },
  { name: 'a time without a zone', payload: 'committer C <c> 2\n', time: 0 },
  {
    name: 'a time past what a number holds',
    payload: `committer C <c> ${'9'.repeat(400)} +0000\n`,
    time: Number.MAX_SAFE_INTEGER,
  },
])('the claimed time with $name', ({ payload, time }) => {
  expect(claimedTime(headerText(Buffer.from(payload)), 'committer')).toBe(time)
})
