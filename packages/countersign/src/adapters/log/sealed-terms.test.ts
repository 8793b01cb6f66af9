import { describe, expect, test } from 'vitest'
import type { EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import type { LogRow } from '../../workflows/ports/log-store.ts'
import { allOf, commitOf, headOf, termsOf } from '../stores/log-rows.fixtures.ts'
import { describeLogStore } from '../stores/log-store.contract.ts'
import { emptyRecord, memoryLogStore } from '../stores/memory/log-store.ts'
import { sealTerms } from './sealed-terms.ts'

const KEY = new Uint8Array(32).fill(3)

describeLogStore('a store with sealed terms', async () => {
  const record = emptyRecord()
  return { open: async () => sealTerms(memoryLogStore(record), KEY), remove: async () => {} }
})

describe('a row that somebody changed', () => {
  const filled = async () => {
    const record = emptyRecord()
    const store = sealTerms(memoryLogStore(record), KEY)
    await store.begin(headOf(0))
    await store.commit(commitOf(0, [termsOf('a', { idempotencyKey: 'k' }), termsOf('b')]))
    return { record, store }
  }
  const withTerms = (row: LogRow | undefined, change: Partial<EvidenceTerms>): LogRow => {
    if (row === undefined) throw new Error('there is no such row')
    return { ...row, terms: { ...row.terms, ...change } }
  }

  test.for<{ change: Partial<EvidenceTerms> }>([
    { change: { digest: 'ab' } },
    { change: { idempotencyKey: 'other' } },
    { change: { idempotencyKey: null } },
    { change: { type: 'other' } },
    { change: { subjects: [] } },
    { change: { subjects: ['change:b'] } },
    { change: { controls: ['other'] } },
    { change: { source: 'other' } },
    { change: { occurredAt: '2026-01-01T00:00:00Z' } },
    { change: { recordedAt: '2026-01-01T00:00:00Z' } },
    { change: { retention: 'other' } },
    { change: { summary: { mac: '00'.repeat(32), summary: { name: 'a' } } } },
    { change: { summary: { mac: '', summary: { name: 'a' } } } },
    { change: { summary: { name: 'a' } } },
    { change: { summary: null } },
  ])('is refused: $change', async ({ change }) => {
    const { record, store } = await filled()
    record.rows[0] = withTerms(record.rows[0], change)
    const refused = { name: 'LogStoreError', code: 'store_corrupt' }
    await expect(allOf(store.find({}))).rejects.toMatchObject(refused)
    await expect(store.known([termsOf('a').digest], [])).rejects.toMatchObject(refused)
    expect(await allOf(store.find({ after: 0 }))).toHaveLength(1)
  })

  test('is refused when it is another row, whole and at a place that is not its own', async () => {
    const { record, store } = await filled()
    record.rows[0] = { ...withTerms(record.rows[1], {}), index: 0 }
    await expect(allOf(store.find({}))).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  test('is refused when it was sealed with another key', async () => {
    const { record } = await filled()
    await expect(allOf(sealTerms(memoryLogStore(record), new Uint8Array(32)).find({}))).rejects.toMatchObject({
      code: 'store_corrupt',
    })
  })
})
