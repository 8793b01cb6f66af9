import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../bytes/encoding.ts'
import {
  countersignNote,
  ED25519_NOTE,
  ed25519NoteKey,
  ed25519NoteSigner,
  ed25519PublicKey,
  formatNote,
  formatVerifierKey,
  MAX_NOTE_LENGTH,
  type NoteKey,
  parseNote,
  parseVerifierKey,
  signNote,
  verifyNote,
} from './signed-note.ts'

// From golang.org/x/mod sumdb/note and c2sp.org/signed-note; see testdata/tlog/README.md.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n'
const PLUS_IN_BASE64 = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'

const peter = ed25519NoteKey(PETER)
const enoch = ed25519NoteKey(ENOCH)
const names = (note: string, keys: readonly NoteKey[]): readonly string[] =>
  verifyNote(parseNote(note), keys).map(({ name }) => name)

describe('a note', () => {
  test.for([
    {
      name: 'the example of c2sp.org/signed-note',
      note: specificationNote(),
      keys: [specificationKey()],
      signed: ['example.com/foo'],
    },
    {
      name: 'one trusted, one unknown',
      note: `${TEXT}\n${PETER_LINE}${ENOCH_LINE}`,
      keys: [peter],
      signed: ['PeterNeumann'],
    },
    {
      name: 'two trusted',
      note: `${TEXT}\n${PETER_LINE}${ENOCH_LINE}`,
      keys: [enoch, peter],
      signed: ['PeterNeumann', 'EnochRoot'],
    },
    {
      name: 'an unknown key with a damaged signature',
      note: `${TEXT}\n${PETER_LINE}${ENOCH_LINE.replace('mZa0', 'mZa1')}`,
      keys: [peter],
      signed: ['PeterNeumann'],
    },
  ])('verifies: $name', ({ note, keys, signed }) => {
    expect(names(note, keys)).toEqual(signed)
  })

  test('is divided at its last blank line', () => {
    const text = 'first\n\n— not a signature line\n\nlast\n'
    const { signer, key } = newSigner('example.com/log')
    const note = signNote(text, [signer])
    expect(parseNote(note).text).toBe(text)
    expect(names(note, [key])).toEqual(['example.com/log'])
  })

  test('may carry sixteen signatures and more, up to the cap', () => {
    expect(parseNote(`${TEXT}\n${PETER_LINE.repeat(100)}`).signatures).toHaveLength(100)
  })

  const valid = `${TEXT}\n${PETER_LINE}`
  test.for([
    { name: 'nothing at all', note: '', code: 'malformed_note' },
    { name: 'text alone', note: TEXT, code: 'malformed_note' },
    { name: 'no signature after the blank line', note: `${TEXT}\n`, code: 'malformed_note' },
    { name: 'no text', note: `\n${PETER_LINE}`, code: 'malformed_note' },
    { name: 'no newline at the end', note: valid.slice(0, -1), code: 'malformed_note' },
    { name: 'a control character', note: `\u0001${valid}`, code: 'malformed_note' },
    { name: 'a carriage return', note: valid.replace('\n', '\r\n'), code: 'malformed_note' },
    { name: 'a tab', note: valid.replace(' ', '\t'), code: 'malformed_note' },
    { name: 'a lone surrogate', note: `\ud800${valid}`, code: 'malformed_note' },
    { name: 'a line among the signatures that is none', note: `${valid}Unexpected line.\n`, code: 'malformed_note' },
    { name: 'a hyphen for the dash', note: valid.replace('—', '-'), code: 'malformed_note' },
    { name: 'a space in the name', note: valid.replace('PeterNeumann', 'Peter Neumann'), code: 'malformed_note' },
    { name: 'a no-break space in the name', note: valid.replace('PeterN', 'Peter\u00a0N'), code: 'malformed_note' },
    { name: 'a plus in the name', note: valid.replace('PeterN', 'Peter+N'), code: 'malformed_note' },
    { name: 'no name', note: valid.replace('PeterNeumann ', ''), code: 'malformed_note' },
    { name: 'base64 without padding', note: valid.replace('AM=', 'AM'), code: 'malformed_note' },
    { name: 'base64 with unused bits', note: valid.replace('AM=', 'AN='), code: 'malformed_note' },
    { name: 'a key id and no signature', note: `${TEXT}\n— PeterNeumann x08gow==\n`, code: 'malformed_note' },
    { name: '101 signatures', note: `${TEXT}\n${PETER_LINE.repeat(101)}`, code: 'too_many_signatures' },
    { name: 'too many characters', note: 'x'.repeat(MAX_NOTE_LENGTH) + valid, code: 'too_long' },
    { name: 'a changed text', note: valid.replace('think', 'thank'), code: 'signature_invalid' },
    { name: 'a signature of the wrong length', note: valid.replace('x08go/', 'x08go/AAAA'), code: 'signature_invalid' },
    {
      name: 'a second signature of a trusted key that fails',
      note: `${valid}${PETER_LINE.replace('ZJku', 'ZJkv')}`,
      code: 'signature_invalid',
    },
    {
      name: 'another name for the same key',
      note: valid.replace('PeterNeumann', 'CarmenSandiego'),
      code: 'no_known_signature',
    },
    { name: 'another id for the same name', note: valid.replace('x08g', 'xxxx'), code: 'no_known_signature' },
    { name: 'a signature of another key alone', note: `${TEXT}\n${ENOCH_LINE}`, code: 'no_known_signature' },
  ])('is refused with $name: $code', ({ note, code }) => {
    expect(() => names(note, [peter])).toThrow(expect.objectContaining({ name: 'TlogError', code }))
  })

  test('is refused when two trusted keys cannot be told apart', () => {
    expect(() => names(valid, [peter, peter])).toThrow(expect.objectContaining({ code: 'ambiguous_key' }))
  })

  test('is refused when no key is trusted', () => {
    expect(() => names(valid, [])).toThrow(expect.objectContaining({ code: 'no_known_signature' }))
  })

  test('a key that is trusted is checked wherever a failing signature of another one stands', () => {
    const broken = ENOCH_LINE.replace('mZa0', 'mZa1')
    expect(() => names(`${TEXT}\n${PETER_LINE}${broken}`, [peter, enoch])).toThrow(
      expect.objectContaining({ code: 'signature_invalid' }),
    )
  })
})

describe('signing', () => {
  test.for([
    { name: 'a text without a newline', text: 'text' },
    { name: 'a text with a control character', text: 'te\u0000xt\n' },
    { name: 'a text with a lone surrogate', text: 'te\udfffxt\n' },
  ])('refuses $name', ({ text }) => {
    const { signer } = newSigner('example.com/log')
    expect(() => signNote(text, [signer])).toThrow(expect.objectContaining({ code: 'malformed_note' }))
  })

  test('refuses a note without signers', () => {
    expect(() => signNote('text\n', [])).toThrow(expect.objectContaining({ code: 'malformed_note' }))
  })

  test('refuses a name that a reader would refuse', () => {
    expect(() => newSigner('two words')).toThrow(expect.objectContaining({ code: 'malformed_key' }))
  })

  test('a signature can be added to a note without touching the others', () => {
    const [first, second] = [newSigner('example.com/log'), newSigner('witness.example')]
    const note = countersignNote(signNote('text\n', [first.signer]), second.signer)
    expect(names(note, [first.key, second.key])).toEqual(['example.com/log', 'witness.example'])
    expect(note.startsWith(signNote('text\n', [first.signer]))).toBe(true)
  })

  test('what is signed verifies, and parsing and formatting are opposites, for any text', () => {
    const { signer, key } = newSigner('example.com/log')
    const text = fc.string({ unit: 'grapheme' }).map((line) => `${line.replaceAll(/[\u0000-\u001f]/g, '\n')}\n`)
    fc.assert(
      fc.property(text, (content) => {
        const note = signNote(content, [signer])
        expect(parseNote(note).text).toBe(content)
        expect(formatNote(parseNote(note))).toBe(note)
        expect(names(note, [key])).toEqual(['example.com/log'])
      }),
      { numRuns: 200 },
    )
  })
})

describe('a verifier key', () => {
  test.for([PETER, ENOCH, PLUS_IN_BASE64])('%s is read and written back', (vkey) => {
    const { name, type, publicKey } = parseVerifierKey(vkey)
    expect(formatVerifierKey(name, type, publicKey)).toBe(vkey)
  })

  test.for([
    { name: 'nothing', vkey: '', code: 'malformed_key' },
    { name: 'no key', vkey: 'PeterNeumann+c74f20a3+', code: 'malformed_key' },
    { name: 'a type byte alone', vkey: `PeterNeumann+c74f20a3+${toBase64(Uint8Array.of(1))}`, code: 'malformed_key' },
    { name: 'no name', vkey: PETER.slice('PeterNeumann'.length), code: 'malformed_key' },
    { name: 'a space in the name', vkey: PETER.replace('PeterN', 'Peter N'), code: 'malformed_key' },
    { name: 'upper-case hex', vkey: PETER.replace('c74f', 'C74F'), code: 'malformed_key' },
    { name: 'an id of another key', vkey: PETER.replace('c74f20a3', 'c74f20a4'), code: 'malformed_key' },
    { name: 'another name', vkey: PETER.replace('Neumann', 'Newman'), code: 'malformed_key' },
    { name: 'base64 that is none', vkey: PETER.replace('ARpc', 'AR*c'), code: 'malformed_key' },
    { name: 'a newline after it', vkey: `${PETER}\n`, code: 'malformed_key' },
    {
      name: 'a key of the wrong length',
      vkey: 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      code: 'malformed_key',
    },
    {
      name: 'a key that is too short for Ed25519',
      vkey: formatVerifierKey('x', ED25519_NOTE, new Uint8Array(31)),
      code: 'malformed_key',
    },
    {
      name: 'an unknown type',
      vkey: 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      code: 'unsupported_key',
    },
    { name: 'a witness key', vkey: formatVerifierKey('x', 4, new Uint8Array(32)), code: 'unsupported_key' },
    { name: 'far too many characters', vkey: `PeterNeumann+c74f20a3+${'A'.repeat(10_000)}`, code: 'too_long' },
  ])('is refused with $name: $code', ({ vkey, code }) => {
    expect(() => ed25519NoteKey(vkey)).toThrow(expect.objectContaining({ name: 'TlogError', code }))
  })
})

describe('hostile input', () => {
  const pieces = fc.constantFrom(
    '\n',
    '\n\n',
    '— ',
    '+',
    ' ',
    'PeterNeumann',
    PETER_LINE,
    TEXT,
    '\ud800',
    'AAAA',
    '=',
    '\u0000',
  )
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
  )

  test.for([
    { name: 'notes', read: (text: string) => names(text, [peter]) },
    { name: 'verifier keys', read: (text: string) => ed25519NoteKey(text) },
  ])('$name are read or refused with a code', ({ read }) => {
    fc.assert(
      fc.property(hostile, (text) => onlyCodedErrors(() => read(text))),
      { numRuns: 500 },
    )
  })

  test('a megabyte of dashes, blank lines or names costs linear time', () => {
    for (const piece of ['\n', '— ', '— a ', 'a+', '\n\n— ']) {
      const text = `${piece.repeat(Math.floor(999_000 / piece.length))}\n`
      const started = performance.now()
      onlyCodedErrors(() => names(text, [peter]))
      onlyCodedErrors(() => ed25519NoteKey(text))
      expect(performance.now() - started).toBeLessThan(1_000)
    }
  })
})

function newSigner(name: string): { signer: ReturnType<typeof ed25519NoteSigner>; key: NoteKey } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = rawKey(publicKey)
  const signer = ed25519NoteSigner(name, raw, (message) => sign(null, message, privateKey))
  return { signer, key: ed25519NoteKey(formatVerifierKey(name, ED25519_NOTE, raw)) }
}

function rawKey(key: KeyObject): Uint8Array {
  const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32)
  expect(ed25519PublicKey(raw).equals(key)).toBe(true)
  return raw
}

function onlyCodedErrors(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toMatchObject({ name: 'TlogError', code: expect.any(String) })
  }
}

function specificationKey(): NoteKey {
  return ed25519NoteKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
}

function specificationNote(): string {
  const line = 'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM='
  return `This is an example message.\n\n— example.com/foo ${line}\n`
}
