import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../bytes/encoding.ts'
import { SEALED_POLICY } from '../packet.fixtures.ts'
import { type ChangeInputs, openChangeInputs, sealChangeInputs } from './change-inputs.ts'
import { EvidenceError } from './evidence-error.ts'
import { parseEvidenceReference } from './evidence-reference.ts'
import { formatEvidenceKey, parseEvidenceKey } from './packet-keys.ts'
import { openManifest, type PacketManifest, sealManifest } from './packet-manifest.ts'
import { openPolicyBundle, sealPolicyBundle } from './policy-bundle.ts'
import { openDocument } from './sealed-document.ts'
import { opaque, secondsOf } from './shape.ts'

const A = 'a'.repeat(40)
const INPUTS: ChangeInputs = {
  change: { kind: 'direct', repository: 'r', ref: 'refs/heads/main', object: A, base: null },
  objectFormat: 'sha1',
  objects: [{ id: A, type: 'commit', body: utf8('body') }],
  unreadable: [{ object: 'b'.repeat(40), reason: 'missing' }],
  evaluatedAt: 1,
}
const inputs = sealChangeInputs(INPUTS)
const MANIFEST: PacketManifest = {
  createdAt: '2026-01-31T12:00:00Z',
  repository: null,
  log: { origin: 'o', vkey: 'v', size: 3 },
  evidenceKey: 'k',
  entries: [0, 2],
  files: ['a', 'b'].map((path) => ({ path, sha256: '0'.repeat(64), size: 0 })),
}
const manifest = sealManifest(MANIFEST)
const DOCUMENTS = [
  { name: 'change inputs', bytes: inputs, open: openChangeInputs },
  { name: 'a policy bundle', bytes: SEALED_POLICY, open: openPolicyBundle },
  { name: 'a manifest', bytes: manifest, open: openManifest },
] as const

test('what was sealed opens to the same, and seals to the same bytes', () => {
  expect(sealChangeInputs(openChangeInputs(inputs))).toEqual(inputs)
  expect(openChangeInputs(inputs)).toEqual({
    ...INPUTS,
    objects: [{ ...INPUTS.objects[0], body: Buffer.from('body') }],
  })
  expect(sealPolicyBundle(openPolicyBundle(SEALED_POLICY))).toEqual(SEALED_POLICY)
  expect(openManifest(manifest)).toEqual(MANIFEST)
})

describe('merges that were looked into', () => {
  const own = { object: A, outcome: 'adds_content', path: 'a/b' } as const

  test('are sealed with the inputs, and are absent where there are none', () => {
    const merges = [own, { object: A, outcome: 'adds_nothing', path: null } as const]
    expect(openChangeInputs(sealChangeInputs({ ...INPUTS, merges })).merges).toEqual(merges)
    expect(openChangeInputs(inputs)).not.toHaveProperty('merges')
  })

  test.for([
    { name: 'an outcome that is no text', merge: { ...own, outcome: null } },
    { name: 'a path that is no text', merge: { ...own, path: 1 } },
    { name: 'no path', merge: { object: A, outcome: 'adds_content' } },
    { name: 'no list', merge: null },
  ])('are refused with $name', ({ merge }) => {
    const merges = merge === null ? {} : [merge]
    const sealed = sealChangeInputs({ ...INPUTS, merges } as unknown as ChangeInputs)
    expect(() => openChangeInputs(sealed)).toThrow(expect.objectContaining({ code: 'malformed_document' }))
  })
})

describe.for(DOCUMENTS)('$name', ({ bytes, open }) => {
  test.for([
    { name: 'no JSON', change: () => '{', code: 'malformed_document' },
    { name: 'a list', change: () => '[]', code: 'malformed_document' },
    { name: 'another format', change: (text: string) => text.replace('/v1"', '/v2"'), code: 'malformed_document' },
    { name: 'a field too many', change: (text: string) => `{"A":1,${text.slice(1)}`, code: 'malformed_document' },
    {
      name: 'a field of the prototype',
      change: (text: string) => `{"__proto__":1,${text.slice(1)}`,
      code: 'malformed_document',
    },
    {
      name: 'a field too few',
      change: (text: string) => text.replace(/"format":"[^"]*",/, ''),
      code: 'malformed_document',
    },
    { name: 'white space', change: (text: string) => `${text}\n`, code: 'not_canonical' },
    { name: 'a byte order mark', change: (text: string) => `\ufeff${text}`, code: 'malformed_document' },
    {
      name: 'a key twice',
      change: (text: string) => text.replace('"format":', '"format":"x","format":'),
      code: 'not_canonical',
    },
    {
      name: 'another spelling of a letter',
      change: (text: string) => text.replace('"format"', '"f\\u006frmat"'),
      code: 'not_canonical',
    },
  ])('is refused with $name, with $code', ({ change, code }) => {
    expect(() => open(utf8(change(fromUtf8(bytes))))).toThrow(expect.objectContaining({ name: 'EvidenceError', code }))
  })

  test('is refused when it is not UTF-8, with malformed_document', () => {
    expect(() => open(Buffer.concat([bytes, Buffer.of(0xff)]))).toThrow(
      expect.objectContaining({ code: 'malformed_document' }),
    )
  })

  test('opens only as the bytes that it was sealed as, and throws nothing but its own error', () => {
    const text = fromUtf8(bytes)
    const spliced = fc
      .tuple(
        fc.nat(text.length),
        fc.nat(12),
        fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('0', '-0', '1e3', '"')),
      )
      .map(([at, length, middle]) => text.slice(0, at) + middle + text.slice(at + length))
    fc.assert(
      fc.property(spliced, (changed) => {
        try {
          open(utf8(changed))
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a manifest', () => {
  const files = (...paths: readonly string[]): Partial<PacketManifest> => ({
    files: paths.map((path) => ({ path, sha256: '0'.repeat(64), size: 0 })),
  })

  test.for([
    { name: 'a path that leads out', change: files('../a'), code: 'bad_path' },
    { name: 'a file twice', change: files('a', 'a'), code: 'bad_path' },
    { name: 'files out of order', change: files('b', 'a'), code: 'bad_path' },
    { name: 'names that differ in case only', change: files('A', 'a'), code: 'bad_path' },
    { name: 'an entry past the end of the log', change: { entries: [3] }, code: 'malformed_document' },
    { name: 'an entry twice', change: { entries: [1, 1] }, code: 'malformed_document' },
    { name: 'more entries than files', change: { entries: [0, 1, 2] }, code: 'malformed_document' },
    { name: 'a negative entry', change: { entries: [-1] }, code: 'malformed_document' },
    { name: 'a day that is not', change: { createdAt: '2026-02-30T12:00:00Z' }, code: 'malformed_document' },
  ])('is not sealed with $name, with $code', ({ change, code }) => {
    expect(() => sealManifest({ ...MANIFEST, ...change })).toThrow(expect.objectContaining({ code }))
  })
})

describe('change inputs', () => {
  test.for([
    { name: 'a kind of change that there is not', change: { change: { ...INPUTS.change, kind: 'odd' as 'direct' } } },
    { name: 'an id of another length', change: { change: { ...INPUTS.change, object: 'a' } } },
    { name: 'a time before all time', change: { evaluatedAt: -1 } },
  ])('are refused with $name, with malformed_document', ({ change }) => {
    expect(() => openChangeInputs(sealChangeInputs({ ...INPUTS, ...change }))).toThrow(
      expect.objectContaining({ code: 'malformed_document' }),
    )
  })

  test('are refused with a body in another spelling of base64, with malformed_document', () => {
    const changed = utf8(fromUtf8(inputs).replace('Ym9keQ==', 'Ym9keR=='))
    expect(() => openChangeInputs(changed)).toThrow(expect.objectContaining({ code: 'malformed_document' }))
  })
})

test('a document is refused by its size before it is looked at, with too_large', () => {
  const huge = { length: 268_435_457 } as Uint8Array
  expect(() => openDocument(huge, 'huge', opaque)).toThrow(expect.objectContaining({ code: 'too_large' }))
})

test('a policy may be 32 levels deep and no deeper', () => {
  const nested = (levels: number): Uint8Array => utf8(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
  expect(() => openDocument(nested(32), 'nested', opaque)).not.toThrow()
  for (const levels of [33, 200_000]) {
    expect(() => openDocument(nested(levels), 'nested', opaque)).toThrow(
      expect.objectContaining({ code: 'malformed_document' }),
    )
  }
})

test.for([
  { name: 'no digest', predicate: { envelope: { size: 1 } } },
  { name: 'no size', predicate: { envelope: { sha256: '0'.repeat(64) } } },
  { name: 'nothing', predicate: {} },
])('an evidence reference with $name is refused with malformed_document', ({ predicate }) => {
  expect(() => parseEvidenceReference(predicate)).toThrow(expect.objectContaining({ code: 'malformed_document' }))
})

test.for([
  { name: 'a day', time: '2026-01-31', seconds: null },
  { name: 'a fraction', time: '2026-01-31T12:00:00.5Z', seconds: null },
  { name: 'another zone', time: '2026-01-31T12:00:00+01:00', seconds: null },
  { name: 'the 25th hour', time: '2026-01-31T24:00:00Z', seconds: null },
  { name: 'a time', time: '1970-01-02T00:00:00Z', seconds: 86_400 },
])('$name is $seconds', ({ time, seconds }) => {
  expect(secondsOf(time)).toBe(seconds)
})

describe('the PEM of an evidence key', () => {
  const pem = formatEvidenceKey(Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'))

  test('is the one that openssl writes', () => {
    expect(pem).toBe(
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n',
    )
    expect(parseEvidenceKey(pem).keyId).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  })

  test.for([
    { name: 'nothing', text: '' },
    { name: 'no line end', text: pem.trimEnd() },
    { name: 'text in front', text: `x\n${pem}` },
    { name: 'another algorithm', text: pem.replace('MCowBQYDK2Vw', 'MCowBQYDK2Vx') },
    { name: 'unused bits', text: pem.replace('URo=', 'URp=') },
  ])('with $name is refused with malformed_key', ({ text }) => {
    expect(() => parseEvidenceKey(text)).toThrow(expect.objectContaining({ code: 'malformed_key' }))
  })
})
