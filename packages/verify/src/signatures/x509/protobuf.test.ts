import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesField, numberField } from '../../../../../testdata/x509/issue-log-entry.ts'
import { fromHex } from '../../bytes/encoding.ts'
import { parseLogEntry } from './log-entry.ts'
import { readProtobuf } from './protobuf.ts'
import { X509Error } from './x509-error.ts'

const FIELDS = ['number', 'bytes', 'number', 'bytes'] as const

test('reads numbers and bytes, repeated ones in order', () => {
  const input = Buffer.concat([numberField(1, 300), bytesField(4, Buffer.from('a')), bytesField(4, Buffer.from('b'))])
  const { numbers, bytes } = readProtobuf(input, FIELDS)
  expect(numbers.get(1)).toEqual([300n])
  expect(bytes.get(4)?.map((value) => Buffer.from(value).toString())).toEqual(['a', 'b'])
})

test.for([
  { name: 'a key that does not end', hex: '80' },
  { name: 'a number that does not end', hex: '0880' },
  { name: 'a number of eleven bytes', hex: `08${'80'.repeat(10)}01` },
  { name: 'bytes that run past the end', hex: '120261' },
  { name: 'a length near 2^64', hex: '12ffffffffffffffffff01' },
  { name: 'field number 0', hex: '0001' },
  { name: 'a fixed-width field', hex: '0900000000000000' },
  { name: 'a group', hex: '0b0c' },
  { name: 'a field that it does not know', hex: '2801' },
  { name: 'a number where bytes belong', hex: '1001' },
  { name: 'bytes where a number belongs', hex: '0a0161' },
  { name: 'fields out of order', hex: '18010801' },
  { name: 'a number that is not minimal', hex: '088100' },
  { name: 'a key that is not minimal', hex: '880001' },
  { name: 'a zero', hex: '0800' },
])('refuses $name', ({ hex }) => {
  expect(() => readProtobuf(fromHex(hex), FIELDS)).toThrow(expect.objectContaining({ code: 'malformed_log_entry' }))
})

const logId = bytesField(2, bytesField(1, Buffer.alloc(32)))
const kind = bytesField(3, Buffer.concat([bytesField(1, Buffer.from('k')), bytesField(2, Buffer.from('v'))]))

test.for([
  { name: 'an entry without its log', parts: [kind] },
  { name: 'an entry without its kind', parts: [logId] },
  { name: 'an entry with two logs', parts: [logId, logId, kind] },
  { name: 'a kind that is not text', parts: [logId, bytesField(3, bytesField(1, Uint8Array.of(0xff)))] },
  { name: 'a negative time', parts: [logId, kind, fromHex('20ffffffffffffffffff01')] },
  { name: 'two times', parts: [logId, kind, numberField(4, 1), numberField(4, 2)] },
  { name: 'a proof without a checkpoint', parts: [logId, kind, bytesField(6, bytesField(2, Buffer.alloc(32)))] },
])('refuses $name', ({ parts }) => {
  expect(() => parseLogEntry(Buffer.concat(parts))).toThrow(expect.objectContaining({ code: 'malformed_log_entry' }))
})

test('throws nothing but its own error for any bytes', () => {
  const check = (bytes: Uint8Array): void => {
    try {
      parseLogEntry(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(X509Error)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), check), { numRuns: 2000 })
})
