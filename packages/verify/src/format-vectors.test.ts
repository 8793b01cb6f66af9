import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { utf8 } from './bytes/encoding.ts'
import { openChangeInputs } from './evidence/change-inputs.ts'
import { formatVectors } from './format-vectors.fixtures.ts'
import { verifyPacket } from './verify-packet.ts'

const FORMATS = fileURLToPath(new URL('../../../docs/formats/', import.meta.url))
const vectors = formatVectors()
const read = (name: string): string => readFileSync(join(FORMATS, 'vectors', name), 'utf8')

describe('the test vectors of the formats', () => {
  test('are the files that the source makes, and no others', () => {
    const names = readdirSync(join(FORMATS, 'vectors')).filter((name) => name.endsWith('.json'))
    expect(names.sort()).toEqual([...vectors.keys()].sort())
  })

  test.for([...vectors.keys()])('%s is what the source makes', (name) => {
    expect(read(name)).toBe(vectors.get(name))
  })

  test('hold a packet that is proved', () => {
    const { logKey, evidenceKey, now, files } = JSON.parse(read('packet.json'))
    const packet = new Map(Object.entries<string>(files).map(([path, text]) => [path, utf8(text)]))
    expect(verifyPacket(packet, { logKey, evidenceKey }, now).explanation.verdict).toBe('pass')
  })

  test('hold documents that are refused, with the code that they name', () => {
    for (const { document, code } of JSON.parse(read('change-inputs.json')).refused) {
      expect(() => openChangeInputs(utf8(document))).toThrow(expect.objectContaining({ code }))
    }
  })
})

describe('the pages of the formats', () => {
  const pages = readdirSync(FORMATS).filter((name) => name.endsWith('.md') && name !== 'README.md')

  test('are all in the index', () => {
    const index = readFileSync(join(FORMATS, 'README.md'), 'utf8')
    expect(pages.filter((page) => !index.includes(`(${page})`))).toEqual([])
  })

  test('name every vector', () => {
    const text = pages.map((page) => readFileSync(join(FORMATS, page), 'utf8')).join('\n')
    expect([...vectors.keys()].filter((name) => !text.includes(`vectors/${name}`))).toEqual([])
  })

  test('describe every answer that a check of a packet gives, and no other', () => {
    const source = ['evidence/evidence-error.ts', 'verify-packet.ts', 'verify-entry.ts'].map(readSource).join('\n')
    const union = source.slice(source.indexOf('readonly code:'), source.indexOf('readonly file:'))
    const own = [...union.matchAll(/'([a-z_]+)'/g), ...source.matchAll(/(?:reason: |refusal\()'([a-z_]+)'/g)]
    expect(REASONS.toSorted()).toEqual([...new Set(own.map((match) => match[1]))].sort())
  })

  test('describe no answer that no test asks for', () => {
    const tests = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((path) => /^(?:verify-packet|evidence|cli).*\.test\.ts$/.test(path))
      .map(readSource)
      .join('\n')
    expect(REASONS.filter((reason) => !new RegExp(`\\b${reason}\\b`).test(tests))).toEqual([])
  })
})

const SOURCE = fileURLToPath(new URL('.', import.meta.url))

function readSource(path: string): string {
  return readFileSync(join(SOURCE, path), 'utf8')
}

/** The codes in the table of reasons on the page about packets. */
const REASONS = [
  ...readFileSync(join(FORMATS, 'packet.md'), 'utf8')
    .replace(/^.*\n\| reason \|/s, '')
    .matchAll(/^\| `([a-z_]+)` \|/gm),
].map((match) => match[1] ?? '')
