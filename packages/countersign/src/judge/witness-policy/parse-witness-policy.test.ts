import { ED25519_NOTE, formatVerifierKey } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseWitnessPolicy } from './parse-witness-policy.ts'
import { LOG_VKEY, logVkey, witnessVkey } from './witness-policy.fixtures.ts'
import { type QuorumPart, type WitnessPolicy, WitnessPolicyError } from './witness-policy.ts'

const [W1, W2, W3] = [11, 12, 13].map((byte) => witnessVkey(byte)) as [string, string, string]
const read = (text: string, encoding: BufferEncoding = 'utf8'): WitnessPolicy =>
  parseWitnessPolicy(Buffer.from(text, encoding))

describe('a witness policy', () => {
  test('says which logs, witnesses and quorum there are', () => {
    const policy = read(
      `log ${LOG_VKEY} https://log.example/one\n\n  # two organisations\nwitness a1 ${W1} https://a.example/1\n` +
        `witness\ta2\t${W2}  \nwitness b ${W3}\ngroup a any a1 a2\ngroup both all a b\nquorum both\n`,
    )
    expect(policy.logs.map(({ key, url }) => [key.name, url])).toEqual([['log.example/one', 'https://log.example/one']])
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['a1', 'https://a.example/1'],
      ['a2', null],
      ['b', null],
    ])
    const [a1, a2, b] = policy.witnesses
    const members = [{ kind: 'group', name: 'a', threshold: 1, members: [a1, a2] }, b]
    expect(policy.quorum).toEqual({ kind: 'group', name: 'both', threshold: 2, members })
  })

  test('may ask for nobody, and for one witness alone', () => {
    expect(read('quorum none\n')).toEqual({ logs: [], witnesses: [], quorum: null })
    const policy = read(`witness w ${W1}\nquorum w\n`)
    expect(policy.quorum).toBe(policy.witnesses[0])
  })

  test('tells names apart as bytes, whatever their encoding', () => {
    const policy = read(
      `witness \xc3\xa9 ${W1}\nwitness \xe9 ${W2}\ngroup any all \xc3\xa9 \xe9\nquorum any\n`,
      'latin1',
    )
    expect(policy.witnesses.map(({ key }) => key.name)).toEqual(['witness.example/11', 'witness.example/12'])
    expect(policy.quorum).toMatchObject({ threshold: 2 })
  })

  test('takes keywords and numbers as names, as the format does', () => {
    expect(read(`witness 2 ${W1}\nwitness any ${W2}\ngroup quorum 2 2 any\nquorum quorum\n`).quorum).toMatchObject({
      threshold: 2,
    })
  })

  test('takes 64 logs, 64 witnesses and 64 groups', () => {
    const lines = Array.from({ length: 64 }, (_, at) => [
      `log ${logVkey(at + 1)}`,
      `witness w${at} ${witnessVkey(at + 100)}`,
      `group g${at} any w${at}`,
    ])
    expect(read(`${lines.flat().join('\n')}\nquorum g0\n`).witnesses).toHaveLength(64)
  })
})

const short = formatVerifierKey('short', ED25519_NOTE, Uint8Array.of(1, 2, 3))
const many = (line: (at: number) => string): string => Array.from({ length: 65 }, (_, at) => `${line(at)}\n`).join('')

const REFUSED: readonly { code: WitnessPolicyError['code']; line: number; name: string; text: string }[] = [
  { code: 'policy_too_long', line: 1, name: 'a long text', text: '#'.repeat(65_537) },
  { code: 'bad_character', line: 2, name: 'a carriage return', text: '# a\nquorum none\r\n' },
  { code: 'bad_character', line: 1, name: 'a zero byte in a comment', text: '# \0\nquorum none\n' },
  { code: 'bad_character', line: 1, name: 'a delete character', text: '# \x7f\nquorum none\n' },
  { code: 'line_unfinished', line: 2, name: 'a last line without newline', text: '# a\nquorum none' },
  { code: 'unknown_keyword', line: 1, name: 'another keyword', text: 'Quorum none\n' },
  { code: 'wrong_item_count', line: 1, name: 'a log without key', text: 'log\n' },
  { code: 'wrong_item_count', line: 1, name: 'a remark behind a log', text: `log ${LOG_VKEY} https://a # b\n` },
  { code: 'wrong_item_count', line: 1, name: 'a witness without key', text: 'witness w\n' },
  { code: 'wrong_item_count', line: 2, name: 'a group without members', text: `witness w ${W1}\ngroup g any\n` },
  { code: 'wrong_item_count', line: 1, name: 'a quorum of nothing', text: 'quorum\n' },
  { code: 'wrong_item_count', line: 1, name: 'a quorum of two', text: 'quorum a b\n' },
  { code: 'malformed_key', line: 1, name: 'no key at all', text: 'log key\n' },
  { code: 'malformed_key', line: 1, name: 'a key that is too short', text: `log ${short}\n` },
  { code: 'malformed_key', line: 1, name: 'a key id of another name', text: `witness w x${W1}\n` },
  { code: 'wrong_key_type', line: 1, name: 'a witness key for a log', text: `log ${W1}\n` },
  { code: 'wrong_key_type', line: 1, name: 'a log key for a witness', text: `witness w ${LOG_VKEY}\n` },
  { code: 'malformed_url', line: 1, name: 'a URL that is none', text: `log ${LOG_VKEY} nowhere\n` },
  { code: 'duplicate_key', line: 2, name: 'a log twice', text: `log ${LOG_VKEY}\nlog ${LOG_VKEY}\n` },
  {
    code: 'duplicate_key',
    line: 2,
    name: 'one key under two names',
    text: `witness a ${W1}\nwitness b ${witnessVkey(11, 'other.example')}\n`,
  },
  { code: 'duplicate_name', line: 2, name: 'a witness twice', text: `witness a ${W1}\nwitness a ${W2}\n` },
  { code: 'duplicate_name', line: 2, name: 'a group named as a witness', text: `witness a ${W1}\ngroup a any a\n` },
  { code: 'reserved_name', line: 1, name: 'a witness named none', text: `witness none ${W1}\n` },
  { code: 'reserved_name', line: 2, name: 'none as a member', text: `witness a ${W1}\ngroup g any none\n` },
  { code: 'unknown_name', line: 1, name: 'a member that is defined below', text: `group g any a\nwitness a ${W1}\n` },
  { code: 'unknown_name', line: 1, name: 'a group in itself', text: 'group g any g\n' },
  { code: 'unknown_name', line: 1, name: 'a quorum of nobody known', text: 'quorum a\n' },
  { code: 'member_twice', line: 2, name: 'a member twice in a group', text: `witness a ${W1}\ngroup g all a a\n` },
  {
    code: 'member_twice',
    line: 3,
    name: 'a member of two groups',
    text: `witness a ${W1}\ngroup g any a\ngroup h any a\n`,
  },
  ...['0', '2', '-1', '01', '1.0', 'some', '١'].map((threshold) => ({
    code: 'bad_threshold' as const,
    line: 2,
    name: `a threshold of ${threshold}`,
    text: `witness a ${W1}\ngroup g ${threshold} a\n`,
  })),
  { code: 'too_many_definitions', line: 65, name: '65 logs', text: many((at) => `log ${logVkey(at + 1)}`) },
  {
    code: 'too_many_definitions',
    line: 65,
    name: '65 witnesses',
    text: many((at) => `witness ${at} ${witnessVkey(at)}`),
  },
  {
    code: 'too_many_definitions',
    line: 66,
    name: '65 groups',
    text: `witness w ${W1}\n${many((at) => `group g${at} any ${at === 0 ? 'w' : `g${at - 1}`}`)}`,
  },
  { code: 'second_quorum', line: 2, name: 'a second quorum', text: 'quorum none\nquorum none\n' },
  { code: 'quorum_missing', line: 2, name: 'no quorum', text: '# a\n' },
  { code: 'quorum_missing', line: 1, name: 'no text', text: '' },
]

test.for(REFUSED)('$name is refused with $code and its line', ({ text, code, line }) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      name: 'WitnessPolicyError',
      code,
      line,
      message: expect.stringMatching(`^line ${line}: `),
    }),
  )
})

test('no text makes the parser fail in any other way, and what it accepts, it accepts for a reason', () => {
  const item = fc.oneof(
    fc.constantFrom(
      'log',
      'witness',
      'group',
      'quorum',
      'none',
      'any',
      'all',
      '1',
      '2',
      'a',
      'b',
      'c',
      W1,
      W2,
      LOG_VKEY,
    ),
    fc.string({ maxLength: 6 }),
  )
  const text = fc.array(
    fc.array(item, { maxLength: 5 }).map((items) => items.join(' ')),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(text, (lines) => {
      try {
        const policy = read(`${lines.join('\n')}\n`)
        expect(lines.filter((line) => /^[\t ]*quorum[\t ]/.test(line))).toHaveLength(1)
        if (policy.quorum !== null) expect(weightOf(policy.quorum).every(([least, most]) => least <= most)).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(WitnessPolicyError)
      }
    }),
    { numRuns: 2_000 },
  )
})

/** Of each group, the threshold and the number of members. */
function weightOf(part: QuorumPart): readonly (readonly [number, number])[] {
  if (part.kind === 'witness') return []
  return [[part.threshold, part.members.length], ...part.members.flatMap(weightOf)]
}

test('a key is never read from a line that was changed', () => {
  const line = `witness w ${W1}\nquorum w\n`
  fc.assert(
    fc.property(fc.nat({ max: W1.length - 1 }), fc.constantFrom('A', 'b', '0', '+', '/'), (at, put) => {
      const place = 'witness w '.length + at
      const changed = line.slice(0, place) + put + line.slice(place + 1)
      if (changed === line) return
      expect(() => read(changed)).toThrow(WitnessPolicyError)
    }),
  )
})
