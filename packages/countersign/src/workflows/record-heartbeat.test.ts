import { verifyTlogProof } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { TEST_TRUST } from '../adapters/log/log.fixtures.ts'
import { CustomControls } from '../judge/controls/custom-controls.ts'
import { MAPPING_VERSION } from '../judge/controls/mapping.ts'
import { BACKFILL } from '../judge/evidence-types/backfill.ts'
import { SOURCE_HEARTBEAT } from '../judge/evidence-types/source-heartbeat.ts'
import { CLOCK_TOLERANCE } from '../judge/gaps/observation.ts'
import { openStatement } from './append-statement.ts'
import { type NewBackfill, type NewHeartbeat, recordBackfill, recordHeartbeat } from './record-heartbeat.ts'
import { evidenceKey, openStatementLog, statementsOf } from './statement-log.fixtures.ts'

const NOW = 1_772_323_800
const HEARTBEAT: NewHeartbeat = {
  ...{ source: 'github-audit-log:example', observer: 'agent-1', since: NOW - 600, at: NOW, within: 600 },
  memory: { kind: 'time', seconds: 15_552_000 },
}
const BACKFILLED: NewBackfill = {
  ...{ source: 'github-audit-log:example', observer: 'agent-1', from: NOW - 900, to: NOW - 600, at: NOW, found: 3 },
  memory: { kind: 'time', seconds: 15_552_000 },
}

describe('refused, and nothing is stored', () => {
  test.for<{ name: string; change: Partial<NewHeartbeat>; code: string; says: string }>([
    { name: 'no source', change: { source: '' }, code: 'statement_malformed', says: 'source-heartbeat.source' },
    { name: 'no promise', change: { within: 0 }, code: 'statement_malformed', says: 'source-heartbeat.within' },
    { name: 'a promise over days', change: { within: 90_000 }, code: 'statement_malformed', says: 'within' },
    {
      name: 'a watch that begins later',
      change: { since: NOW + 1 },
      code: 'statement_malformed',
      says: 'begins after',
    },
    {
      name: 'the future',
      change: { at: NOW + CLOCK_TOLERANCE + 1 },
      code: 'clock_ahead',
      says: '2026-03-01T00:12:01Z',
    },
  ])('a heartbeat of $name: $code', async ({ change, code, says }) => {
    const parts = await openStatementLog()
    await expect(async () => recordHeartbeat({ ...HEARTBEAT, ...change }, NOW, parts)).rejects.toMatchObject({
      name: 'Problem',
      code,
      message: expect.stringContaining(says),
    })
    expect(await statementsOf(parts)).toEqual([])
  })

  test.for<{ name: string; change: Partial<NewBackfill>; code: string; says: string }>([
    { name: 'fewer than no facts', change: { found: -1 }, code: 'statement_malformed', says: 'backfill.found' },
    { name: 'no time', change: { to: NOW - 900 }, code: 'statement_malformed', says: 'ends before it begins' },
    { name: 'the future', change: { at: NOW + CLOCK_TOLERANCE + 1 }, code: 'clock_ahead', says: 'github-audit-log' },
  ])('a backfill of $name: $code', async ({ change, code, says }) => {
    const parts = await openStatementLog()
    await expect(async () => recordBackfill({ ...BACKFILLED, ...change }, NOW, parts)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    })
    expect(await statementsOf(parts)).toEqual([])
  })
})

test('a heartbeat is a signed statement with its controls, proved by its receipt and found by its source', async () => {
  const parts = await openStatementLog()
  const receipt = await recordHeartbeat(HEARTBEAT, NOW + 1, parts)
  const [statement] = await statementsOf(parts)
  expect(statement).toMatchObject({
    subject: [{ name: 'github-audit-log:example', digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } }],
    predicateType: SOURCE_HEARTBEAT,
    predicate: {
      ...{ source: 'github-audit-log:example', observer: 'agent-1', within: 600, mapping: MAPPING_VERSION },
      ...{ since: '2026-03-01T00:00:00Z', at: '2026-03-01T00:10:00Z' },
    },
  })
  const terms = { type: SOURCE_HEARTBEAT, subjects: ['source:github-audit-log:example'], retention: 'standard' }
  expect(statement?.terms).toMatchObject({ ...terms, controls: statement?.predicate['controls'] })
  for await (const { entry } of parts.log.entries(0, 1)) verifyTlogProof(entry, receipt.proof, TEST_TRUST)
})

test('a backfill says what was asked for and how much was found', async () => {
  const parts = await openStatementLog()
  await recordBackfill(BACKFILLED, NOW + 1, parts)
  const [statement] = await statementsOf(parts)
  expect(statement).toMatchObject({
    predicateType: BACKFILL,
    predicate: { from: '2026-02-28T23:55:00Z', to: '2026-03-01T00:00:00Z', found: 3 },
    terms: {
      source: 'github-audit-log:example',
      occurredAt: '2026-03-01T00:10:00Z',
      recordedAt: '2026-03-01T00:10:01Z',
    },
  })
})

test('a customer’s own controls for the log are carried too', async () => {
  const controls = [{ id: 'L-1', label: 'Logs', fit: 'direct', evidence: ['LOG'], rationale: 'Own.' }]
  const custom = CustomControls.parse({
    apiVersion: 'countersign.dev/v1',
    kind: 'Controls',
    frameworks: [{ id: 'x-acme', version: '1', name: 'ACME', controls }],
  })
  const parts = await openStatementLog()
  await recordHeartbeat(HEARTBEAT, NOW, { ...parts, custom })
  expect((await statementsOf(parts))[0]?.terms.controls).toContain('x-acme@1:L-1')
})

test('what another key signed is not read as ours', async () => {
  const parts = await openStatementLog()
  await recordHeartbeat(HEARTBEAT, NOW, parts)
  const { envelopeKey } = evidenceKey(10)
  for await (const { entry } of parts.log.entries(0, 1)) {
    expect(() => openStatement(0, entry, [envelopeKey])).toThrow(expect.objectContaining({ code: 'evidence_damaged' }))
    expect(() => openStatement(0, entry.subarray(1), parts.envelopeKeys)).toThrow(
      expect.objectContaining({ code: 'evidence_damaged' }),
    )
    expect(openStatement(0, entry, [envelopeKey, ...parts.envelopeKeys]).predicateType).toBe(SOURCE_HEARTBEAT)
  }
})
