import { expect, test } from 'vitest'
import { formatObjectLine } from './object-line.ts'
import type { SignatureCheck } from './signatures/signature.ts'

const signature: SignatureCheck = {
  scheme: 'ssh',
  status: 'good',
  git: 'G',
  reason: 'verified',
  key: 'SHA256:abc',
  fingerprint: 'SHA256:abc',
  primaryFingerprint: null,
  principal: 'ann "the\u2028one" <ann@x>',
  signedAt: null,
  details: { secret: 'not shown' },
}
const brief = {
  scheme: 'ssh',
  status: 'good',
  git: 'G',
  key: 'SHA256:abc',
  principal: signature.principal,
  reason: 'verified',
}
const check = { object: 'a'.repeat(40), type: 'commit', signature, mergetags: [], verdict: 'pass' } as const

test('a check is one line of JSON with exactly the members that are promised', () => {
  const line = formatObjectLine(check)
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(JSON.parse(line)).toEqual({ object: check.object, type: 'commit', signature: brief, verdict: 'pass' })
})

test('members stand in the order in which people read them', () => {
  expect(Object.keys(JSON.parse(formatObjectLine(check)))).toEqual(['object', 'type', 'signature', 'verdict'])
})

test('a merge shows the tags that it carries', () => {
  expect(JSON.parse(formatObjectLine({ ...check, mergetags: [signature] })).mergetags).toEqual([brief])
})
