import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, parseEnvelope, parseStatement, sha256Hex, utf8, verifyEnvelope } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { evidenceKey } from '../../workflows/statement-log.fixtures.ts'
import { ControlTagError } from '../controls/control-tag.ts'
import { resolveControlTag } from '../controls/resolve-control-tag.ts'
import { openSaltedPayload } from '../retention/salted-payload.ts'
import { parseSourceBackfill } from './backfill.ts'
import { parseObservationGap } from './observation-gap.ts'
import { parsePayloadPruned } from './payload-pruned.ts'
import { parseSourceHeartbeat } from './source-heartbeat.ts'
import { statementVectors } from './statement-vectors.fixtures.ts'

const FORMATS = join(import.meta.dirname, '../../../../../docs/formats')
const FOLDER = join(FORMATS, 'vectors/statements')
const vectors = statementVectors()
const read = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))

describe('the test vectors of statements', () => {
  test('are the files that the source makes, and no others', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...vectors.keys()].sort())
  })

  test.for([...vectors.keys()])('%s is what the source makes; if not: node docs/formats/vectors/write.ts', (name) => {
    expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(vectors.get(name))
  })

  test.for<{ name: string; parse: (predicate: Json) => unknown }>([
    { name: 'source-heartbeat.json', parse: parseSourceHeartbeat },
    { name: 'backfill.json', parse: parseSourceBackfill },
    { name: 'observation-gap.json', parse: parseObservationGap },
    { name: 'payload-pruned.json', parse: parsePayloadPruned },
  ])('$name is signed, is read, and its refused ones are refused', ({ name, parse }) => {
    const { statement, envelope, refused } = read(name)
    const { payload } = verifyEnvelope(parseEnvelope(envelope), [evidenceKey(9).envelopeKey])
    expect(Buffer.from(payload).toString()).toBe(statement)
    expect(parse(parseStatement(payload).predicate)).toEqual(parseStatement(payload).predicate)
    expect(refused.length).toBeGreaterThan(0)
    for (const { predicate, code } of refused) expect(() => parse(predicate)).toThrow(expect.objectContaining({ code }))
  })

  test('salted-payload.json is opened under its digest', () => {
    const { content, document, sha256 } = read('salted-payload.json')
    expect(sha256Hex(utf8(document))).toBe(sha256)
    expect(Buffer.from(openSaltedPayload(utf8(document)).content).toString()).toBe(content)
  })

  test('control-mapping.json says of each tag what we say', () => {
    const { document, sha256, resolved, refused } = read('control-mapping.json')
    expect(sha256Hex(utf8(document))).toBe(sha256)
    for (const { asked, tag } of resolved) expect(resolveControlTag(asked).tag).toBe(tag)
    for (const { asked, code } of refused) {
      expect(() => resolveControlTag(asked)).toThrow(expect.objectContaining({ code }))
      expect(() => resolveControlTag(asked)).toThrow(ControlTagError)
    }
  })
})

test('the pages of the formats name every vector', () => {
  const pages = readdirSync(FORMATS).filter((name) => name.endsWith('.md'))
  const text = pages.map((page) => readFileSync(join(FORMATS, page), 'utf8')).join('\n')
  expect([...vectors.keys()].filter((name) => !text.includes(`vectors/statements/${name}`))).toEqual([])
})
