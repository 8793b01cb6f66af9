import { expect, test } from 'vitest'
import { isCanonicalPoint, isCanonicalScalar, isSmallOrder, reduceScalar } from './ed25519-strictness.ts'

const L = (1n << 252n) + 27742317777372353535851937790883648493n
const P = (1n << 255n) - 19n

const bytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
const withScalar = (s: bigint): Buffer => Buffer.concat([Buffer.alloc(32, 7), bytes(s)])

test.for([
  { name: '0', s: 0n, canonical: true, reduced: 0n },
  { name: 'L - 1', s: L - 1n, canonical: true, reduced: L - 1n },
  { name: 'L', s: L, canonical: false, reduced: 0n },
  { name: 'L + 5', s: L + 5n, canonical: false, reduced: 5n },
  { name: '2^253 - 1', s: (1n << 253n) - 1n, canonical: false, reduced: ((1n << 253n) - 1n) % L },
  { name: '2^253, which OpenSSH refuses', s: 1n << 253n, canonical: false, reduced: null },
  { name: '2^255, which OpenSSH refuses', s: 1n << 255n, canonical: false, reduced: null },
])('the scalar $name: canonical $canonical, read by OpenSSH as $reduced', ({ s, canonical, reduced }) => {
  const signature = withScalar(s)
  expect(isCanonicalScalar(signature)).toBe(canonical)
  const read = reduceScalar(signature)
  expect(read === null ? null : Buffer.from(read)).toEqual(reduced === null ? null : withScalar(reduced))
})

test.for([
  { name: 'p - 1', y: P - 1n, canonical: true },
  { name: 'p', y: P, canonical: false },
  { name: '2^255 - 1', y: (1n << 255n) - 1n, canonical: false },
  { name: 'p with the sign bit', y: P + (1n << 255n), canonical: false },
  { name: '2', y: 2n, canonical: true },
  { name: 'a middle byte below', y: P - (1n << 100n), canonical: true },
])('the y coordinate $name: canonical $canonical', ({ y, canonical }) => {
  expect(isCanonicalPoint(bytes(y))).toBe(canonical)
})

test.for([0n, 1n, P - 1n, P, P + 1n])('the y coordinate %s has small order, with either sign', (y) => {
  expect(isSmallOrder(bytes(y))).toBe(true)
  expect(isSmallOrder(bytes(y + (1n << 255n)))).toBe(true)
})

test('the two y coordinates of order 8 are each other negated, and no other point is taken for one', () => {
  const order8 = [
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ]
  const ys = order8.map((hex) => BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`))
  expect(((ys[0] ?? 0n) + (ys[1] ?? 0n)) % P).toBe(0n)
  for (const hex of order8) expect(isSmallOrder(Buffer.from(hex, 'hex'))).toBe(true)
  expect(isSmallOrder(bytes(2n))).toBe(false)
})
