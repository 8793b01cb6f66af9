import { afterEach, beforeEach, expect, test } from 'vitest'
import { auditEventsOf } from './audit-events.ts'
import { type AuditSink, startAuditSink } from './audit-sink.ts'

let sink: AuditSink
beforeEach(async () => {
  sink = await startAuditSink()
})
afterEach(() => sink.stop())

const post = (path: string, body: string): Promise<Response> => fetch(`${sink.url}${path}`, { method: 'POST', body })

test('a request is kept byte for byte and can be waited for before and after it comes', async () => {
  const coming = sink.until(({ path }) => path === '/later')
  await post('/now', 'caf\u00e9 ')
  const now = await sink.until(({ path }) => path === '/now')
  expect(now).toMatchObject({ number: 1, method: 'POST', answered: 200 })
  expect(now.body.equals(Buffer.from('caf\u00e9 '))).toBe(true)
  await post('/later', '')
  expect((await coming).number).toBe(2)
})

test('what does not come in time is an error that says what came instead', async () => {
  await post('/other', '')
  await expect(sink.until(({ path }) => path === '/hook', { withinMs: 30, what: 'webhook' })).rejects.toThrow(
    'no webhook came to the audit sink within 30 ms; of 1, the last: POST /other 200',
  )
})

test('it answers as it is told, late where it is told so, and keeps what it refused', async () => {
  sink.answer({ status: 429, headers: { 'retry-after': '1' } })
  const refused = await post('/', '')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  sink.answer(({ number }) => (number === 2 ? { status: 500 } : { status: 200, delayMs: 60 }))
  expect((await post('/', '')).status).toBe(500)
  const sent = Date.now()
  expect((await post('/', '')).status).toBe(200)
  expect(Date.now() - sent).toBeGreaterThanOrEqual(55)
  expect(sink.received.map(({ answered }) => answered)).toEqual([429, 500, 200])
})

test('stopping ends who waits and who is still waiting for an answer', async () => {
  sink.answer({ status: 200, delayMs: 60_000 })
  const answer = post('/', '').then(
    () => 'answered',
    () => 'cut',
  )
  await sink.until(() => true)
  const waits = sink.until(({ path }) => path === '/never').catch(({ name }) => name)
  await sink.stop()
  expect([await answer, await waits]).toEqual(['cut', 'NothingCameError'])
})

test('only an EventList holds audit events', () => {
  const body = (value: unknown): { body: Buffer } => ({ body: Buffer.from(JSON.stringify(value)) })
  expect(auditEventsOf(body({ kind: 'EventList', items: [{ auditID: 'a' }] }))).toHaveLength(1)
  expect(auditEventsOf(body({ kind: 'Push', items: [{ auditID: 'a' }] }))).toEqual([])
})
