import { EvidenceError } from '@countersign/verify'
import { expect, test } from 'vitest'
import { Policy } from '../judge/policy.ts'
import { openPolicy, type PolicyBundle, sealPolicy } from './policy-bundle.ts'

const BUNDLE: PolicyBundle = {
  source: { kind: 'repository', tree: 'a'.repeat(40) },
  policy: Policy.parse({ apiVersion: 'countersign.dev/v1', kind: 'Policy' }),
  identities: { identities: [] },
  trust: { allowedSigners: [Buffer.from('a')], keyrings: [], x509Roots: [], revoked: [] },
}
const sealed = sealPolicy(BUNDLE)

test('a sealed policy opens to what was sealed, with the same digest', () => {
  expect(openPolicy(sealed.bytes)).toEqual(sealed)
})

test.for([
  {
    name: 'a rule that this version does not know',
    change: (text: string) => text.replace('"tags-signed"', '"tags-sung"'),
  },
  { name: 'a rule that has gone', change: (text: string) => text.replace('"tags-signed":{"mode":"enforce"},', '') },
  { name: 'a mode that there is not', change: (text: string) => text.replace('"enforce"', '"forbid"') },
  { name: 'a trust that is no list', change: (text: string) => text.replace('"keyrings":[]', '"keyrings":{}') },
])('a policy with $name is refused, so that nothing is judged by a guess', ({ change }) => {
  const text = Buffer.from(sealed.bytes).toString()
  expect(change(text)).not.toBe(text)
  expect(() => openPolicy(Buffer.from(change(text)))).toThrow(EvidenceError)
})
