import { EvidenceError, type Json } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { controlsFor } from '../controls/controls-for.ts'
import { FRAMEWORKS } from '../controls/mapping.ts'
import { resolveControlTag } from '../controls/resolve-control-tag.ts'
import { RULES } from '../rules.ts'
import { BACKFILL, backfillOf, parseSourceBackfill } from './backfill.ts'
import { LOG_KEY_ROTATION } from './log-key-rotation.ts'
import { OBSERVATION_GAP, parseObservationGap } from './observation-gap.ts'
import { PAYLOAD_PRUNED, parsePayloadPruned } from './payload-pruned.ts'
import { heartbeatOf, parseSourceHeartbeat, SOURCE_HEARTBEAT } from './source-heartbeat.ts'
import { STATEMENT_CONTROLS } from './statement-controls.ts'
import { FILLED, GAP, HEARTBEAT, PRUNED } from './statements.fixtures.ts'

type Parse = (predicate: Json) => unknown
const TYPES: readonly { name: string; parse: Parse; sound: object }[] = [
  { name: 'source-heartbeat', parse: parseSourceHeartbeat, sound: HEARTBEAT },
  { name: 'backfill', parse: parseSourceBackfill, sound: FILLED },
  { name: 'observation-gap', parse: parseObservationGap, sound: GAP },
  { name: 'payload-pruned', parse: parsePayloadPruned, sound: PRUNED },
]

describe.for(TYPES)('$name', ({ name, parse, sound }) => {
  test('is read as it was written, and unknown fields are left out', () => {
    expect(parse(sound as Json)).toEqual(sound)
    expect(parse({ ...sound, more: 1 } as Json)).toEqual(sound)
  })

  test.for(Object.keys(sound))('without %s it is refused, naming the field', (field) => {
    const { [field]: _without, ...rest } = sound as Record<string, Json>
    expect(() => parse(rest)).toThrow(
      expect.objectContaining({ code: 'malformed_document', message: expect.stringContaining(`${name}.${field}`) }),
    )
  })

  test('gives nothing but itself or its own error for JSON of any kind', () => {
    const field = fc.constantFrom(...Object.keys(sound))
    fc.assert(
      fc.property(field, fc.jsonValue(), (key, value) => {
        try {
          expect(parse({ ...sound, [key]: value } as Json)).toBeTypeOf('object')
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError)
        }
      }),
      { numRuns: 200 },
    )
  })
})

test.for<{ name: string; parse: Parse; sound: object; change: object; field: string }>([
  {
    name: 'a time without zone',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { at: '2026-03-01T00:00:00' },
    field: 'at',
  },
  {
    name: 'a time with an offset',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { at: '2026-03-01T00:00:00+01:00' },
    field: 'at',
  },
  {
    name: 'a time with a fraction',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { at: '2026-03-01T00:00:00.5Z' },
    field: 'at',
  },
  {
    name: 'a day that there is not',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { at: '2026-02-30T00:00:00Z' },
    field: 'at',
  },
  { name: 'no promise', parse: parseSourceHeartbeat, sound: HEARTBEAT, change: { within: 0 }, field: 'within' },
  {
    name: 'a promise over more than a day',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { within: 86_401 },
    field: 'within',
  },
  {
    name: 'a source of two lines',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { source: 'a\nb' },
    field: 'source',
  },
  {
    name: 'a memory of another kind',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { memory: { kind: 'endless' } },
    field: 'memory.kind',
  },
  {
    name: 'a memory without length',
    parse: parseSourceHeartbeat,
    sound: HEARTBEAT,
    change: { memory: { kind: 'time' } },
    field: 'memory.seconds',
  },
  { name: 'fewer than no facts', parse: parseSourceBackfill, sound: FILLED, change: { found: -1 }, field: 'found' },
  { name: 'an open gap with an end', parse: parseObservationGap, sound: GAP, change: { state: 'open' }, field: 'to' },
  { name: 'a closed gap without an end', parse: parseObservationGap, sound: GAP, change: { to: null }, field: 'to' },
  {
    name: 'a state that there is not',
    parse: parseObservationGap,
    sound: GAP,
    change: { state: 'observed' },
    field: 'state',
  },
  {
    name: 'a digest in capitals',
    parse: parsePayloadPruned,
    sound: PRUNED,
    change: { payload: { sha256: 'A'.repeat(64), size: 1 } },
    field: 'payload.sha256',
  },
  {
    name: 'a removal on request without the request',
    parse: parsePayloadPruned,
    sound: PRUNED,
    change: { reason: 'personal_data' },
    field: 'request',
  },
  {
    name: 'a payload that nothing names',
    parse: parsePayloadPruned,
    sound: PRUNED,
    change: { namedBy: { ...PRUNED.namedBy, count: 0 } },
    field: 'namedBy.count',
  },
])('refuses $name', ({ parse, sound, change, field }) => {
  expect(() => parse({ ...sound, ...change } as Json)).toThrow(
    expect.objectContaining({ code: 'malformed_document', message: expect.stringContaining(`.${field}: `) }),
  )
})

test('heartbeats and backfills are judged in Unix seconds', () => {
  const recordedAt = 1_772_323_801
  const { memory } = HEARTBEAT
  expect(heartbeatOf(HEARTBEAT)).toEqual({
    ...{ observer: 'agent-1', since: 1_772_323_200, at: 1_772_323_800, within: 600, memory, recordedAt },
  })
  expect(backfillOf(FILLED)).toEqual({
    ...{ from: 1_772_326_800, to: 1_772_330_400, at: 1_772_330_700, memory, recordedAt },
  })
})

describe('the controls of statements', () => {
  test('are in the mapping, in force, canonical, and supported by the kind of evidence that the statement is', () => {
    expect(Object.keys(STATEMENT_CONTROLS)).toEqual([
      SOURCE_HEARTBEAT,
      OBSERVATION_GAP,
      BACKFILL,
      PAYLOAD_PRUNED,
      LOG_KEY_ROTATION,
    ])
    for (const { evidence, controls } of Object.values(STATEMENT_CONTROLS)) {
      const supported = new Set(controlsFor(evidence).map(({ tag }) => tag))
      for (const tag of controls) {
        expect(resolveControlTag(tag)).toMatchObject({ tag, notes: [] })
        expect(supported.has(tag), `${evidence} ${tag}`).toBe(true)
      }
    }
  })

  test('and those of rules leave no framework in force without an answer', () => {
    const given = [...RULES, ...Object.values(STATEMENT_CONTROLS)].flatMap(({ controls }) => controls)
    for (const { id, profileOf } of FRAMEWORKS) {
      const isAnswered = given.some((tag) => tag.startsWith(`${id}@`))
      expect(isAnswered || profileOf !== null, id).toBe(true)
    }
  })
})
