import { utf8 } from '@countersign/verify'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  AddCheckpointError,
  formatAddCheckpoint,
  MAX_REQUEST_BYTES,
  parseAddCheckpoint,
  parseSizeAnswer,
} from './witness-checkpoint-request.ts'

const HASH = Buffer.alloc(32, 7).toString('base64')
const lines = (count: number): string => `${HASH}\n`.repeat(count)

test('a request is its old size, its proof, an empty line and the checkpoint', () => {
  const body = `old 12\n${HASH}\n${HASH}\n\norigin\n13\n\n— a b\n`
  const request = { oldSize: 12, proof: [Buffer.alloc(32, 7), Buffer.alloc(32, 7)], note: 'origin\n13\n\n— a b\n' }
  expect(parseAddCheckpoint(utf8(body))).toEqual(request)
  expect(formatAddCheckpoint(request)).toBe(body)
  expect(parseAddCheckpoint(utf8(`old 0\n${lines(63)}\n`))).toMatchObject({ oldSize: 0, note: '' })
})

test.for([
  { name: 'no empty line', body: 'old 0\n' },
  { name: 'no old size', body: `${HASH}\n\n` },
  { name: 'no number', body: 'old\n\n' },
  { name: 'two spaces', body: 'old  1\n\n' },
  { name: 'a number with a zero in front', body: 'old 01\n\n' },
  { name: 'a number with a sign', body: 'old +1\n\n' },
  { name: 'a number with digits that are not ASCII', body: 'old ١\n\n' },
  { name: 'a number past 2^53', body: 'old 9007199254740993\n\n' },
  { name: 'a carriage return', body: 'old 1\r\n\r\n\n\n' },
  { name: 'a proof of 64 lines', body: `old 1\n${lines(64)}\n` },
  { name: 'a hash of 31 bytes', body: `old 1\n${Buffer.alloc(31).toString('base64')}\n\n` },
  { name: 'a hash of 33 bytes', body: `old 1\n${Buffer.alloc(33).toString('base64')}\n\n` },
  { name: 'a hash without padding', body: `old 1\n${HASH.slice(0, -1)}\n\n` },
  { name: 'a hash in the URL alphabet', body: `old 1\n${Buffer.alloc(32, 255).toString('base64url')}=\n\n` },
  { name: 'a hash with unused bits', body: `old 1\n${HASH.slice(0, -2)}d=\n\n` },
])('a request is refused with malformed_request: $name', ({ body }) => {
  expect(() => parseAddCheckpoint(utf8(body))).toThrow(
    expect.objectContaining({ name: 'AddCheckpointError', code: 'malformed_request' }),
  )
})

test('a request is refused with malformed_request: bytes that are no UTF-8', () => {
  const body = Buffer.concat([utf8('old 1\n\n'), Uint8Array.of(0xff)])
  expect(() => parseAddCheckpoint(body)).toThrow(expect.objectContaining({ code: 'malformed_request' }))
})

test('a request is refused with request_too_long beyond 64 KiB, and not at it', () => {
  const body = (length: number): Uint8Array => utf8('old 1\n\n'.padEnd(length, 'x'))
  expect(parseAddCheckpoint(body(MAX_REQUEST_BYTES)).note).toHaveLength(MAX_REQUEST_BYTES - 7)
  expect(() => parseAddCheckpoint(body(MAX_REQUEST_BYTES + 1))).toThrow(
    expect.objectContaining({ code: 'request_too_long' }),
  )
})

test('what is written is read back, and what is read is written back', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  const request = fc.record({
    oldSize: fc.nat(Number.MAX_SAFE_INTEGER),
    proof: fc.array(hash, { maxLength: 63 }),
    note: fc.string({ unit: 'grapheme' }),
  })
  fc.assert(
    fc.property(request, (one) => {
      expect(parseAddCheckpoint(utf8(formatAddCheckpoint(one)))).toEqual(one)
    }),
  )
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('old 1\n\nx', `old 3\n${HASH}\n\n`)), (body) => {
      try {
        expect(formatAddCheckpoint(parseAddCheckpoint(utf8(body)))).toBe(body)
      } catch (error) {
        expect(error).toBeInstanceOf(AddCheckpointError)
      }
    }),
  )
})

test.for([
  ['0\n', 0],
  ['17\n', 17],
  ['9007199254740991\n', Number.MAX_SAFE_INTEGER],
  ['9007199254740992\n', null],
  ['07\n', null],
  ['7', null],
  ['7\n\n', null],
  [' 7\n', null],
  ['', null],
] as const)('an answer of %j names the size %j', ([body, size]) => {
  expect(parseSizeAnswer(body)).toBe(size)
})
