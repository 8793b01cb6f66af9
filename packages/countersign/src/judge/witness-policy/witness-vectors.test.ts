import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnvelope, parseNote, parseStatement, utf8, verifyCheckpoint, verifyEnvelope } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { evidenceKey } from '../../workflows/statement-log.fixtures.ts'
import { parseAddCheckpoint } from '../../workflows/witness-checkpoint-request.ts'
import { holdsPossession, parseLogKeyRotation } from '../evidence-types/log-key-rotation.ts'
import { keyringTrust } from '../log-keys/log-keyring.ts'
import { judgeQuorum, judgeWitnessed } from './judge-quorum.ts'
import { parseWitnessPolicy } from './parse-witness-policy.ts'
import { LOG_TRUST } from './witness-policy.fixtures.ts'
import { witnessVectors } from './witness-vectors.fixtures.ts'

const FORMATS = join(import.meta.dirname, '../../../../../docs/formats')
const FOLDER = join(FORMATS, 'vectors/witness')
const vectors = witnessVectors()
const read = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))

describe('the test vectors of witnesses and keys', () => {
  test('are the files that the source makes, and no others, and the pages name them', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...vectors.keys()].sort())
    const pages = readdirSync(FORMATS).filter((name) => name.endsWith('.md'))
    const text = pages.map((page) => readFileSync(join(FORMATS, page), 'utf8')).join('\n')
    expect([...vectors.keys()].filter((name) => !text.includes(`vectors/witness/${name}`))).toEqual([])
  })

  test.for([...vectors.keys()])('%s is what the source makes; if not: node docs/formats/vectors/write.ts', (name) => {
    expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(vectors.get(name))
  })

  test('witness-policy.json: policies that are read and judged, and policies that are refused', () => {
    const { accepted, refused } = read('witness-policy.json')
    for (const { policy: text, judged } of accepted) {
      const policy = parseWitnessPolicy(utf8(text))
      for (const { cosigned, isReached, missing } of judged) {
        const made = new Set(policy.witnesses.filter(({ name }) => cosigned.includes(name)))
        const given = judgeQuorum(policy, made)
        expect([given.isReached, given.missing.map(({ name }) => name)]).toEqual([isReached, missing])
      }
    }
    for (const { policy, code, line } of refused) {
      expect(() => parseWitnessPolicy(utf8(policy))).toThrow(expect.objectContaining({ code, line }))
    }
  })

  test('cosigned-checkpoint.json: a checkpoint that reaches its quorum, and what was said on the way', () => {
    const {
      policy: text,
      checkpoint,
      requests,
      answers,
      cosigned,
      isReached,
      refused,
      signed,
    } = read('cosigned-checkpoint.json')
    const policy = parseWitnessPolicy(utf8(text))
    expect(judgeWitnessed(policy, cosigned).isReached).toBe(isReached)
    expect(cosigned).toBe(checkpoint + answers.join(''))
    expect(verifyCheckpoint(cosigned, LOG_TRUST)).toEqual(verifyCheckpoint(checkpoint, LOG_TRUST))
    for (const request of requests) expect(parseAddCheckpoint(utf8(request)).note).toBe(checkpoint)
    expect(signed.endsWith(parseNote(checkpoint).text)).toBe(true)
    for (const { cosigned: bad, code } of refused) {
      expect(() => judgeWitnessed(policy, bad)).toThrow(expect.objectContaining({ code }))
    }
  })

  test('log-key-rotation.json: a change of key, and which checkpoints are believed after it', () => {
    const { statements, keyring, checkpoints } = read('log-key-rotation.json')
    for (const { statement, envelope } of statements) {
      const { payload } = verifyEnvelope(parseEnvelope(envelope), [evidenceKey(9).envelopeKey])
      expect(Buffer.from(payload).toString()).toBe(statement)
      expect(holdsPossession(parseLogKeyRotation(parseStatement(payload).predicate))).toBe(true)
    }
    const trust = keyringTrust(keyring)
    expect(checkpoints.map(({ refused }: { refused: string | null }) => refused)).toEqual([
      null,
      'signature_invalid',
      null,
      'signature_invalid',
    ])
    for (const { checkpoint, refused } of checkpoints) {
      if (refused === null) verifyCheckpoint(checkpoint, trust)
      else expect(() => verifyCheckpoint(checkpoint, trust)).toThrow(expect.objectContaining({ code: refused }))
    }
  })
})
