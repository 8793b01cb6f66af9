import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../bytes/encoding.ts'
import { inclusionProof, leafHash, nodeHash } from './merkle.ts'
import { ed25519NoteKey } from './signed-note.ts'
import { decodeBundle } from './tile.ts'
import { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.ts'

const folder = new URL('../../../../testdata/tlog/tessera-log/', import.meta.url)
const VKEY = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
const log = { origin: 'example.com/log/testdata', keys: [ed25519NoteKey(VKEY)] }
const entries = decodeBundle(readFileSync(new URL('tile/entries/000.p/15', folder)), 15)
const leaves = entries.map(leafHash)
const node = (level: number, index: number): Uint8Array =>
  level === 0 ? (leaves[index] as Uint8Array) : nodeHash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
const checkpoint = readFileSync(new URL('checkpoint.15', folder)).toString()
const proofOf = (index: number): string =>
  formatTlogProof({ index, hashes: inclusionProof(index, 15, node), checkpoint, extra: null })

test.for(entries.map((entry, index) => ({ entry, index })))(
  'entry $index of the log that Tessera publishes is proven by text alone',
  ({ entry, index }) => {
    expect(verifyTlogProof(entry, proofOf(index), log)).toMatchObject({ index, checkpoint: { size: 15 } })
  },
)

describe('a proof', () => {
  const proof = proofOf(5)
  const first = proof.split('\n')[2] as string
  const six = utf8('six')

  test('has the form of the specification', () => {
    expect(proof.split('\n').slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 5'])
    expect(proof.split('\n').slice(6, 8)).toEqual(['', 'example.com/log/testdata'])
  })

  test('may carry extra bytes, which change nothing', () => {
    const extra = Buffer.from('whence it came')
    const text = formatTlogProof({ ...parseTlogProof(proof), extra })
    expect(parseTlogProof(text).extra).toEqual(extra)
    expect(verifyTlogProof(six, text, log).index).toBe(5)
  })

  test.for([
    { name: 'another entry', entry: utf8('seven'), text: proof, code: 'root_mismatch' },
    { name: 'another index', entry: six, text: proof.replace('index 5', 'index 4'), code: 'root_mismatch' },
    {
      name: 'an index past the end',
      entry: six,
      text: proof.replace('index 5', 'index 15'),
      code: 'index_out_of_range',
    },
    { name: 'a hash removed', entry: six, text: proof.replace(`${first}\n`, ''), code: 'proof_too_short' },
    { name: 'a hash repeated', entry: six, text: proof.replace(first, `${first}\n${first}`), code: 'proof_too_long' },
    { name: 'a changed root', entry: six, text: proof.replace('rKbD', 'rKbE'), code: 'signature_invalid' },
    { name: 'another version', entry: six, text: proof.replace('@v1', '@v2'), code: 'malformed_proof' },
    { name: 'no index', entry: six, text: proof.replace('index 5\n', ''), code: 'malformed_proof' },
    {
      name: 'an index with a leading zero',
      entry: six,
      text: proof.replace('index 5', 'index 05'),
      code: 'malformed_proof',
    },
    {
      name: 'an index past 2^53 - 1',
      entry: six,
      text: proof.replace('index 5', 'index 9007199254740992'),
      code: 'size_out_of_range',
    },
    {
      name: 'a hash that is no base64',
      entry: six,
      text: proof.replace(first, `*${first.slice(1)}`),
      code: 'malformed_proof',
    },
    { name: 'a hash that is short', entry: six, text: proof.replace(first, 'AAAA'), code: 'malformed_proof' },
    {
      name: '65 hashes',
      entry: six,
      text: proof.replace(first, `${first}\n`.repeat(62).trimEnd()),
      code: 'malformed_proof',
    },
    {
      name: 'extra that is no base64',
      entry: six,
      text: proof.replace('index', 'extra *\nindex'),
      code: 'malformed_proof',
    },
    {
      name: 'extra twice',
      entry: six,
      text: proof.replace('index', 'extra AAAA\nextra AAAA\nindex'),
      code: 'malformed_proof',
    },
    { name: 'no checkpoint', entry: six, text: proof.slice(0, proof.indexOf('\n\n') + 2), code: 'malformed_note' },
    { name: 'no blank line', entry: six, text: 'c2sp.org/tlog-proof@v1\nindex 5\n', code: 'malformed_proof' },
    { name: 'nothing', entry: six, text: '', code: 'malformed_proof' },
    { name: 'too many characters', entry: six, text: proof + 'x'.repeat(2_000_000), code: 'too_long' },
  ])('is refused with $name: $code', ({ entry, text, code }) => {
    expect(() => verifyTlogProof(entry, text, log)).toThrow(expect.objectContaining({ name: 'TlogError', code }))
  })

  test('is refused when the log is another one', () => {
    expect(() => verifyTlogProof(six, proof, { ...log, origin: 'example.com/other' })).toThrow(
      expect.objectContaining({ code: 'wrong_origin' }),
    )
  })

  test('with any one character of the proven part changed is refused', () => {
    const end = proof.indexOf('— ')
    for (let at = 0; at < end; at++) {
      const changed = proof.slice(0, at) + (proof[at] === 'A' ? 'B' : 'A') + proof.slice(at + 1)
      expect(() => verifyTlogProof(six, changed, log), `character ${at}`).toThrow(
        expect.objectContaining({ name: 'TlogError' }),
      )
    }
  })

  test('is read back as it was written', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => Buffer.from(hash))
    const extra = fc.option(fc.uint8Array().map((given) => Buffer.from(given)))
    const given = fc.record({
      index: fc.maxSafeNat(),
      hashes: fc.array(bytes, { maxLength: 64 }),
      checkpoint: fc.string(),
      extra,
    })
    fc.assert(
      fc.property(given, (value) => {
        expect(parseTlogProof(formatTlogProof(value))).toEqual(value)
      }),
      { numRuns: 200 },
    )
  })

  test('that is arbitrary is refused with a code', () => {
    const piece = fc.constantFrom(
      'c2sp.org/tlog-proof@v1',
      '\n',
      '\n\n',
      'index ',
      'extra ',
      '5',
      first,
      checkpoint,
      '\ud800',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 15 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (given) => {
        expect(() => verifyTlogProof(utf8('none'), given, log)).toThrow(expect.objectContaining({ name: 'TlogError' }))
      }),
      { numRuns: 500 },
    )
  })
})
