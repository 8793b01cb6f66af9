import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, BytesError } from './byte-reader.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof BytesError) return error.code
    throw error
  }
  return 'none'
}

test.for([
  { name: 'a byte of nothing', bytes: '', read: (r: ByteReader) => r.u8() },
  { name: 'u16 of one byte', bytes: '01', read: (r: ByteReader) => r.u16() },
  { name: 'u32 of three bytes', bytes: '01 02 03', read: (r: ByteReader) => r.u32() },
  { name: 'u64 of seven bytes', bytes: '01 02 03 04 05 06 07', read: (r: ByteReader) => r.u64() },
  { name: 'more bytes than there are', bytes: '01', read: (r: ByteReader) => r.bytes(2) },
  { name: 'a negative number of bytes', bytes: '01', read: (r: ByteReader) => r.bytes(-1) },
  { name: 'a string without its length', bytes: '00 00 00', read: (r: ByteReader) => r.sshString() },
  { name: 'a string that runs past the end', bytes: '00 00 00 02 61', read: (r: ByteReader) => r.sshString() },
  { name: 'a string of 4 GiB', bytes: 'ff ff ff ff 61', read: (r: ByteReader) => r.sshString() },
])('refuses $name as truncated and has moved nothing', ({ bytes, read }) => {
  const reader = new ByteReader(hex(bytes))
  expect(codeOf(() => read(reader))).toBe('truncated')
  expect(reader.offset).toBe(0)
})

test('refuses bytes that follow the end as trailing', () => {
  expect(codeOf(() => new ByteReader(hex('00')).end())).toBe('trailing')
})

test('reads numbers big-endian, without sign', () => {
  const reader = new ByteReader(hex('ff fffe fffffffd fffffffffffffffc 00000002 6869 aabb'))
  expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([255, 65534, 4294967293, 2n ** 64n - 4n])
  expect(Buffer.from(reader.sshString()).toString()).toBe('hi')
  expect(reader.remaining).toBe(2)
  expect(reader.rest()).toEqual(hex('aabb'))
  reader.end()
})

test('reads the same from the middle of a larger buffer', () => {
  const reader = new ByteReader(hex('ee 0000000000000001 ee').subarray(1, 9))
  expect(reader.u64()).toBe(1n)
  reader.end()
})

test('gives views, not copies', () => {
  const bytes = hex('01 02')
  expect(new ByteReader(bytes).bytes(2).buffer).toBe(bytes.buffer)
})

test('throws nothing but its own error, whatever is read from whatever bytes', () => {
  const reads = fc.constantFrom('u8', 'u16', 'u32', 'u64', 'sshString', 'rest', 'end')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(reads, { maxLength: 12 }), (bytes, names) => {
      const reader = new ByteReader(bytes)
      for (const name of names) {
        const before = reader.offset
        const isRefused = codeOf(() => reader[name as 'u8']()) !== 'none'
        if (isRefused) expect(reader.offset).toBe(before)
        expect(reader.offset + reader.remaining).toBe(bytes.length)
      }
    }),
  )
})
