import { describe, expect, test } from 'vitest'
import { OBSERVATION_GAP } from '../judge/evidence-types/observation-gap.ts'
import { momentOf } from '../judge/evidence-types/predicate-fields.ts'
import { SOURCE_HEARTBEAT } from '../judge/evidence-types/source-heartbeat.ts'
import { sourceTerm } from '../judge/intake/subject-terms.ts'
import { appendStatements, sourceSubject } from './append-statement.ts'
import { findSourceGaps } from './find-gaps.ts'
import { type NewHeartbeat, recordBackfill, recordHeartbeat } from './record-heartbeat.ts'
import { openStatementLog, type StatementLog, statementsOf } from './statement-log.fixtures.ts'

const START = 1_772_323_200
const SOURCE = 'github-audit-log:example'

async function beat(parts: StatementLog, at: number, more: Partial<NewHeartbeat> = {}, late = 0): Promise<void> {
  const memory = { kind: 'time', seconds: 10_000 } as const
  const heartbeat = { source: SOURCE, observer: 'a', since: START, at: START + at, within: 60, memory, ...more }
  await recordHeartbeat(heartbeat, START + at + late, parts)
}

const find = (parts: StatementLog, now: number, from = 0) =>
  findSourceGaps({ source: SOURCE, from: START + from, now: START + now }, parts)

async function recordedGaps(parts: StatementLog): Promise<readonly string[]> {
  return (await statementsOf(parts)).flatMap(({ predicateType, predicate }) =>
    predicateType === OBSERVATION_GAP
      ? [`${predicate['state']} ${clock(predicate['from'])}-${clock(predicate['to'])}`]
      : [],
  )
}

const clock = (time: unknown): string => (typeof time === 'string' ? String(Date.parse(time) / 1_000 - START) : '')

describe('a gap', () => {
  test('is recorded when it opens, when it ends and when it was backfilled, and each once', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60)
    expect((await find(parts, 120)).recorded).toBe(0)
    expect((await find(parts, 121)).recorded).toBe(1)
    expect((await find(parts, 200)).recorded).toBe(0)
    await beat(parts, 300)
    expect((await find(parts, 310)).recorded).toBe(1)
    expect((await find(parts, 320)).recorded).toBe(0)
    const memory = { kind: 'time', seconds: 10_000 } as const
    const asked = {
      source: SOURCE,
      observer: 'a',
      from: START + 60,
      to: START + 300,
      at: START + 330,
      memory,
      found: 0,
    }
    await recordBackfill(asked, START + 330, parts)
    expect((await find(parts, 340)).recorded).toBe(1)
    expect((await find(parts, 350)).recorded).toBe(0)
    expect(await recordedGaps(parts)).toEqual(['open 60-', 'closed 60-300', 'backfilled 60-300'])
  })

  test('says what is missing, and when the source will have forgotten it', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60)
    await beat(parts, 300)
    await find(parts, 310)
    const gap = (await statementsOf(parts)).find(({ predicateType }) => predicateType === OBSERVATION_GAP)
    expect(gap?.predicate).toMatchObject({
      unobserved: [{ from: momentOf(START + 60), to: momentOf(START + 300) }],
      lossAt: momentOf(START + 10_060),
    })
    expect(gap?.terms).toMatchObject({ subjects: [sourceTerm(SOURCE)], controls: gap?.predicate['controls'] })
    expect(gap?.terms.controls).toContain('pci-dss@4.0.1:10.7.2')
  })

  test('is recorded as lost when nothing of it can be had any more', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60, { memory: { kind: 'time', seconds: 500 } })
    for (let at = 200; at <= 800; at += 60) await beat(parts, at, { memory: { kind: 'time', seconds: 500 } })
    expect((await find(parts, 699)).gaps.map(({ state }) => state)).toEqual(['closed'])
    expect((await find(parts, 800)).gaps.map(({ state }) => state)).toEqual(['lost'])
    expect(await recordedGaps(parts)).toEqual(['closed 60-200', 'lost 60-200'])
  })

  test('is withdrawn when heartbeats that were delivered late cover it', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60)
    await find(parts, 400)
    for (let at = 120; at <= 360; at += 60) await beat(parts, at, { since: START }, 500 - at)
    await beat(parts, 500, { since: START + 360 }, 0)
    const { gaps } = await find(parts, 505)
    expect(gaps.map(({ from, to }) => [from - START, to])).toEqual([[360, START + 500]])
    expect(await recordedGaps(parts)).toEqual(['open 60-', 'closed 360-500', 'withdrawn 60-505'])
    expect((await find(parts, 510)).recorded).toBe(0)
  })

  test('is found whole, also by whoever looks from the middle of it', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60)
    await beat(parts, 900)
    expect((await find(parts, 910, 500)).gaps).toMatchObject([{ from: START + 60, to: START + 900 }])
    expect((await find(parts, 910)).recorded).toBe(0)
    expect((await find(parts, 920, 905)).gaps).toEqual([])
  })

  test('that began long before is found too', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60)
    const later = 400_000
    await beat(parts, later, { since: START + later })
    expect((await find(parts, later + 1, later - 10)).gaps).toMatchObject([{ from: START + 60, to: START + later }])
  })

  test('is recorded once by two that look at the same time', async () => {
    const parts = await openStatementLog()
    await beat(parts, 60)
    const found = await Promise.all([find(parts, 300), find(parts, 301)])
    expect(found.map(({ recorded }) => recorded).sort()).toEqual([0, 1])
    expect(await recordedGaps(parts)).toEqual(['open 60-'])
  })
})

test('another source’s heartbeats vouch for nothing', async () => {
  const parts = await openStatementLog()
  await beat(parts, 60)
  for (let at = 60; at <= 300; at += 60) await beat(parts, at, { source: 'kubernetes-events:prod' })
  expect((await find(parts, 310)).gaps).toMatchObject([{ from: START + 60, to: null }])
})

test('what will soon be lost is warned of', async () => {
  const parts = await openStatementLog()
  await beat(parts, 60, { memory: { kind: 'time', seconds: 1_000 } })
  expect((await find(parts, 500)).warnings).toEqual([])
  expect((await find(parts, 600)).warnings).toMatchObject([{ code: 'memory_ends_soon', lossAt: START + 1_060 }])
})

test('a heartbeat that cannot be read counts for nothing, and its place is told', async () => {
  const parts = await openStatementLog()
  await beat(parts, 60)
  const terms = {
    ...{ idempotencyKey: null, subjects: [sourceTerm(SOURCE)], source: SOURCE, occurredAt: null, summary: null },
    ...{ recordedAt: momentOf(START + 110), retention: 'standard' },
  }
  const predicate = { source: SOURCE, at: momentOf(START + 110) }
  const statement = { subject: [sourceSubject(SOURCE)], predicateType: SOURCE_HEARTBEAT, predicate }
  await appendStatements([{ statement, terms }], parts)
  const { unreadable, gaps } = await find(parts, 200)
  expect(unreadable).toEqual([1])
  expect(gaps).toMatchObject([{ from: START + 60, to: null }])
})
