import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../bytes/encoding.ts'
import { formatCheckpoint, parseCheckpoint, verifyCheckpoint } from './checkpoint.ts'
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, leafHash } from './merkle.ts'
import { ed25519NoteKey } from './signed-note.ts'
import { decodeBundle, decodeTile } from './tile.ts'

const folder = new URL('../../../../testdata/tlog/tessera-log/', import.meta.url)
const VKEY = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
const log = { origin: 'example.com/log/testdata', keys: [ed25519NoteKey(VKEY)] }
const read = (path: string): Buffer => readFileSync(new URL(path, folder))
const sizes = Array.from({ length: 16 }, (_, size) => size)

describe('the log that Tessera publishes with its tests', () => {
  test('is all there', () => {
    expect(readdirSync(folder).filter((name) => name.startsWith('checkpoint.'))).toHaveLength(sizes.length)
  })

  test.for(sizes)('has a checkpoint of size %i that its entries lead to', (size) => {
    let frontier = EMPTY_FRONTIER
    if (size > 0) {
      const hashes = decodeBundle(read(`tile/entries/000.p/${size}`), size).map(leafHash)
      expect(decodeTile(read(`tile/0/000.p/${size}`), size)).toEqual(hashes)
      frontier = hashes.reduce(appendLeaf, frontier)
    }
    const checkpoint = verifyCheckpoint(read(`checkpoint.${size}`).toString(), log)
    expect(checkpoint).toMatchObject({ origin: log.origin, size, extensions: [] })
    expect(toBase64(checkpoint.root)).toBe(toBase64(frontierRoot(frontier)))
  })
})

describe('a checkpoint', () => {
  const note = read('checkpoint.3').toString()

  test.for([
    {
      name: 'of another log that the same key signed',
      log: { ...log, origin: 'example.com/log' },
      code: 'wrong_origin',
    },
    { name: 'when no key of the log signed it', log: { ...log, keys: [] }, code: 'no_known_signature' },
  ])('is refused $name: $code', ({ log, code }) => {
    expect(() => verifyCheckpoint(note, log)).toThrow(expect.objectContaining({ name: 'TlogError', code }))
  })

  test('is refused when its size is changed', () => {
    expect(() => verifyCheckpoint(note.replace('\n3\n', '\n4\n'), log)).toThrow(
      expect.objectContaining({ code: 'signature_invalid' }),
    )
  })

  const valid = {
    origin: 'example.com/log',
    size: '70000',
    root: toBase64(new Uint8Array(32)),
    extensions: [] as string[],
  }
  test.for([
    { name: 'no origin', change: { origin: '' }, code: 'malformed_checkpoint' },
    { name: 'a leading zero', change: { size: '070000' }, code: 'malformed_checkpoint' },
    { name: 'a sign', change: { size: '+70000' }, code: 'malformed_checkpoint' },
    { name: 'hex digits', change: { size: '0x10' }, code: 'malformed_checkpoint' },
    { name: 'an exponent', change: { size: '1e3' }, code: 'malformed_checkpoint' },
    { name: 'digits of another script', change: { size: '٣' }, code: 'malformed_checkpoint' },
    { name: 'no size', change: { size: '' }, code: 'malformed_checkpoint' },
    { name: 'a size past 2^53 - 1', change: { size: '9007199254740992' }, code: 'size_out_of_range' },
    { name: 'a size of a million digits', change: { size: '9'.repeat(1_000_000) }, code: 'size_out_of_range' },
    { name: 'a short root', change: { root: toBase64(new Uint8Array(31)) }, code: 'malformed_checkpoint' },
    { name: 'a root in URL-safe base64', change: { root: '_'.repeat(43).concat('=') }, code: 'malformed_checkpoint' },
    { name: 'a root of a million characters', change: { root: 'A'.repeat(1_000_000) }, code: 'malformed_checkpoint' },
    { name: 'an empty extension line', change: { extensions: ['a', '', 'b'] }, code: 'malformed_checkpoint' },
  ])('text is refused with $name: $code', ({ change, code }) => {
    const { origin, size, root, extensions } = { ...valid, ...change }
    const text = `${[origin, size, root, ...extensions].join('\n')}\n`
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ name: 'TlogError', code }))
  })

  test('text is refused without its last newline, and with two lines', () => {
    const text = formatCheckpoint({ origin: 'a', size: 1, root: new Uint8Array(32), extensions: [] })
    for (const broken of [text.slice(0, -1), 'a\n1\n']) {
      expect(() => parseCheckpoint(broken)).toThrow(expect.objectContaining({ code: 'malformed_checkpoint' }))
    }
  })

  test('that could not be read back is not written', () => {
    const checkpoint = { origin: 'a\nb', size: 1, root: new Uint8Array(32), extensions: [] }
    expect(() => formatCheckpoint(checkpoint)).toThrow(expect.objectContaining({ code: 'malformed_checkpoint' }))
  })

  test('is read back as it was written', () => {
    const line = fc.string({ minLength: 1 }).filter((text) => !text.includes('\n'))
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
    const size = fc.maxSafeNat()
    fc.assert(
      fc.property(fc.record({ origin: line, size, root, extensions: fc.array(line) }), (checkpoint) => {
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint)
      }),
      { numRuns: 200 },
    )
  })
})
