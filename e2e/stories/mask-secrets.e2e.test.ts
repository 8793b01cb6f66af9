import { expect, test } from 'vitest'
import { MASK, maskSecrets } from './mask-secrets.ts'

test.for([
  {
    what: 'a field with a telling name',
    value: { password: 'a', nested: [{ Authorization: 'b' }] },
    masked: { password: MASK, nested: [{ Authorization: MASK }] },
  },
  {
    what: 'the data of a Secret',
    value: { kind: 'Secret', data: { key: 'YQ==' } },
    masked: { kind: 'Secret', data: { key: MASK } },
  },
  { what: 'a text that is known', value: { note: 'it is s3cr3t!' }, masked: { note: `it is ${MASK}!` } },
  {
    what: 'a login in an address',
    value: 'http://alice:abc@127.0.0.1/x.git',
    masked: `http://${MASK}@127.0.0.1/x.git`,
  },
  { what: 'a header in a text', value: 'authorization: Bearer abcdefghij', masked: `authorization: Bearer ${MASK}` },
  {
    what: 'a web token',
    value: `a ${['eyJhbGciOiJub25l', 'eyJzdWIiOiJhbGlj', 'c2ln'].join('.')} b`,
    masked: `a ${MASK} b`,
  },
])('$what is masked', ({ value, masked }) => {
  expect(maskSecrets(value, ['s3cr3t'])).toEqual(masked)
})

test('what is no secret stays as it is, in its order', () => {
  const value = { kind: 'ConfigMap', data: { greeting: 'hello' }, list: [1, null, true], url: 'http://127.0.0.1:1/a' }
  expect(JSON.stringify(maskSecrets(value))).toBe(JSON.stringify(value))
})
