import {
  appendLeaf,
  EMPTY_FRONTIER,
  frontierRoot,
  leafHash,
  toHex,
  utf8,
  verifyCheckpoint,
  verifyTlogProof,
} from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import type { EvidenceLog, Receipt } from '../../workflows/ports/evidence-log.ts'
import { type LogStore, LogStoreError } from '../../workflows/ports/log-store.ts'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'
import { emptyRecord, type MemoryRecord, memoryLogStore } from '../stores/memory/log-store.ts'
import { memoryObjects } from '../stores/memory/object-store.ts'
import { evidenceOf, findingsOf, openTestLog, TEST_KEY, TEST_TRUST, type TestGround, textsOf } from './log.fixtures.ts'

// The workload fills a tile, begins the next and the level above, and sends some evidence twice.
const BATCHES = [250, 5, 1, 2, 1].map((count, batch) => Array.from({ length: count }, (_, at) => `${batch} ${at}`))

describe('a log whose record fails once, at whatever call', () => {
  test.for<{ name: string; fault: StoreFault; refusals: readonly string[] }>([
    { name: 'a write that is lost', fault: lost('write_failed'), refusals: ['write_failed'] },
    { name: 'a full disk', fault: lost('disk_full'), refusals: ['disk_full'] },
    { name: 'a record that does not answer', fault: lost('store_unavailable'), refusals: ['log_unavailable'] },
    { name: 'a locked record', fault: lost('store_locked'), refusals: ['log_locked'] },
    { name: 'a lost right to write', fault: lost('fenced'), refusals: ['log_unavailable'] },
    { name: 'a lost write of which nobody knows', fault: lost('outcome_unknown'), refusals: ['log_unavailable'] },
    { name: 'a write that is done and reported lost', fault: doneAndUnknown, refusals: ['log_unavailable'] },
    { name: 'a write that is done long after it was given up', fault: doneLater, refusals: ['log_unavailable'] },
    { name: 'a slow write', fault: slow, refusals: [] },
    { name: 'a write of somebody else just before', fault: overtaken, refusals: [] },
    { name: 'a write of somebody else, and ours given up', fault: overtakenAndUnknown, refusals: ['log_unavailable'] },
  ])('$name: nothing acknowledged is lost, nothing is there twice, and the log is one', async ({ fault, refusals }) => {
    for (let call = 0; call < (await callsOf(counted)); call++) {
      const record = emptyRecord()
      const seen = watched(memoryObjects())
      const store = faultyStore(record, call, fault)
      const outcome = await work({ store, objects: seen.objects })
      for (const error of outcome.refusals) {
        expect(refusals, `call ${call}`).toContain((error as { readonly code: string }).code)
        expect(error).toMatchObject({ name: 'EvidenceLogError' })
      }
      await expectOneLog(record, seen, outcome.receipts, `call ${call}`)
    }
  })

  test('twice in a row, in whatever ways', async () => {
    const faults = [lost('write_failed'), lost('outcome_unknown'), doneAndUnknown, doneLater, overtakenAndUnknown]
    for (const first of faults) {
      for (const second of faults) {
        for (let call = 3; call < 6; call++) {
          const record = emptyRecord()
          const seen = watched(memoryObjects())
          const both: StoreFault = (...args) => (args[0] === call ? first : second)(...args)
          const { receipts } = await work({ store: faultyStore(record, [call, call + 1], both), objects: seen.objects })
          await expectOneLog(record, seen, receipts, `calls ${call} and ${call + 1}`)
        }
      }
    }
  })
})

describe('a log whose files fail, at whatever call', () => {
  test.for<{ name: string; done: boolean; code: ObjectStoreError['code']; count: number }>([
    { name: 'once, having done nothing', done: false, code: 'write_failed', count: 1 },
    { name: 'once, done all the same', done: true, code: 'write_failed', count: 1 },
    { name: 'once, for want of space', done: false, code: 'disk_full', count: 1 },
    { name: 'from then on', done: false, code: 'store_unavailable', count: Number.POSITIVE_INFINITY },
  ])(
    '$name, keeps taking evidence and publishes it afterwards, never a checkpoint ahead of its tiles',
    async (fault) => {
      const calls = await objectCalls()
      // What is read before the log is open is another matter: without it nothing may be written.
      for (let call = OPENING_CALLS; call < calls; call++) {
        const record = emptyRecord()
        const seen = watched(memoryObjects())
        const objects = faultyObjects(seen.objects, call, fault)
        const { receipts, refusals } = await work({ store: memoryLogStore(record), objects })
        expect(receipts.size, `call ${call}`).toBe(BATCHES.flat().length)
        for (const error of refusals) expect(error).toMatchObject({ name: 'EvidenceLogError' })
        await expectOneLog(record, seen, receipts, `call ${call}`)
      }
    },
  )
})

test('a key that fails once costs an answer and no evidence', async () => {
  const ground: TestGround = { store: memoryLogStore(), objects: memoryObjects() }
  let failures = 1
  const signApart = async (bytes: Uint8Array) => {
    if (failures-- > 0) throw new Error('the key is away')
    return TEST_KEY.sign(bytes)
  }
  const log = await openTestLog(ground, { key: { ...TEST_KEY, signApart }, publishPauseMs: 60_000 })
  const one = [evidenceOf(utf8('one'))]
  await expect(log.append(one)).rejects.toMatchObject({ name: 'EvidenceLogError', code: 'write_failed' })
  expect(await log.append(one)).toMatchObject([{ index: 0, isDuplicate: true }])
  await log.close()
})

test('a checkpoint is released only when its witnesses have signed, and the evidence is kept meanwhile', async () => {
  const ground: TestGround = { store: memoryLogStore(), objects: memoryObjects() }
  let isAway = false
  const cosigned: number[] = []
  const log = await openTestLog(ground, {
    publishPauseMs: 60_000,
    cosign: async (signed, consistency) => {
      if (isAway) throw new LogStoreError('store_unavailable', 'the witnesses are away')
      expect(await consistency(cosigned.at(-1) ?? 0, signed.checkpoint.size)).toBeInstanceOf(Array)
      cosigned.push(signed.checkpoint.size)
      return { ...signed, note: `${signed.note}— witness.example AAAAAAAA\n` }
    },
  })
  const [receipt] = await log.append([evidenceOf(utf8('one')), evidenceOf(utf8('two'))])
  expect(receipt?.checkpoint).toMatch(/— witness\.example AAAAAAAA\n$/)
  isAway = true
  await expect(log.append([evidenceOf(utf8('three'))])).rejects.toMatchObject({ code: 'log_unavailable' })
  isAway = false
  expect(await log.append([evidenceOf(utf8('three'))])).toMatchObject([{ index: 2, isDuplicate: true }])
  expect(cosigned).toEqual([2, 3])
  await log.close()
})

/** What goes wrong at a call: gets the call, what it is, its work, and the record below. */
type StoreFault = <Value>(
  call: number,
  kind: 'read' | 'commit',
  work: () => Promise<Value>,
  record: MemoryRecord,
) => Promise<Value>

function lost(code: LogStoreError['code']): StoreFault {
  return async (_call, kind, work) => {
    // Only a commit can be lost, or be refused for want of space or of the right to write.
    if (kind === 'read' && !['store_unavailable', 'store_locked'].includes(code)) return work()
    throw new LogStoreError(code, 'the test made this fail')
  }
}

const doneAndUnknown: StoreFault = async (_call, kind, work) => {
  const value = await work()
  if (kind === 'read') return value
  throw new LogStoreError('outcome_unknown', 'the test made this fail')
}

const doneLater: StoreFault = async (_call, kind, work) => {
  if (kind === 'read') return work()
  setTimeout(() => work().catch(() => {}), 1)
  throw new LogStoreError('outcome_unknown', 'the test made this fail')
}

const slow: StoreFault = async (_call, _kind, work) => {
  await new Promise((resolve) => setTimeout(resolve, 5))
  return work()
}

const overtaken: StoreFault = async (call, _kind, work, record) => {
  await writeAsAnother(record, call)
  return work()
}

const overtakenAndUnknown: StoreFault = async (call, kind, work, record) => {
  await writeAsAnother(record, call)
  if (kind === 'read') return work()
  throw new LogStoreError('outcome_unknown', 'the test made this fail')
}

/** Appends to a record as another process would, without publishing. */
async function writeAsAnother(record: MemoryRecord, call: number): Promise<void> {
  const other = await openTestLog(
    { store: memoryLogStore(record), objects: memoryObjects() },
    { publishPauseMs: 60_000 },
  )
  await other.append([evidenceOf(utf8(`another ${call}`)), evidenceOf(utf8('2 0'))])
}

const counted: StoreFault = (_call, _kind, work) => work()

function faultyStore(record: MemoryRecord, at: number | readonly number[], fault: StoreFault): LogStore & Counter {
  const store = memoryLogStore(record)
  let calls = 0
  const attempt = <Value>(kind: 'read' | 'commit', work: () => Promise<Value>): Promise<Value> => {
    const call = calls++
    return [at].flat().includes(call) ? fault(call, kind, work, record) : work()
  }
  return {
    ...store,
    calls: () => calls,
    head: () => attempt('read', store.head),
    commit: (commit) => attempt('commit', () => store.commit(commit)),
    known: (digests, keys) => attempt('read', () => store.known(digests, keys)),
  }
}

interface Counter {
  readonly calls: () => number
}

async function callsOf(fault: StoreFault): Promise<number> {
  const store = faultyStore(emptyRecord(), [], fault)
  await work({ store, objects: memoryObjects() })
  return store.calls()
}

const OPENING_CALLS = 1

function faultyObjects(
  objects: ObjectStore,
  from: number,
  { done, code, count }: { readonly done: boolean; readonly code: ObjectStoreError['code']; readonly count: number },
): ObjectStore & Counter {
  let calls = 0
  const attempt = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    const call = calls++
    if (call < from || call >= from + count) return work()
    if (done) await work()
    throw new ObjectStoreError(code, 'the test made this fail')
  }
  return {
    ...objects,
    calls: () => calls,
    putOnce: (path, bytes) => attempt(() => objects.putOnce(path, bytes)),
    replace: (path, bytes) => attempt(() => objects.replace(path, bytes)),
    get: (path) => attempt(() => objects.get(path)),
    remove: (path) => attempt(() => objects.remove(path)),
  }
}

async function objectCalls(): Promise<number> {
  const objects = faultyObjects(memoryObjects(), 0, { done: false, code: 'write_failed', count: 0 })
  await work({ store: memoryLogStore(), objects })
  return objects.calls()
}

interface Watched {
  readonly objects: ObjectStore
  /** Every checkpoint that a stranger could have seen. */
  readonly notes: string[]
}

/** Watches what is published: whenever a checkpoint is, everything that it covers must be there. */
function watched(objects: ObjectStore): Watched {
  const notes: string[] = []
  const replace = async (path: string, bytes: Uint8Array): Promise<void> => {
    await objects.replace(path, bytes)
    notes.push(Buffer.from(bytes).toString())
    const findings = await findingsOf(objects)
    expect(findings.filter(({ code }) => code !== 'beyond_checkpoint')).toEqual([])
  }
  return { objects: { ...objects, replace }, notes }
}

interface Outcome {
  readonly receipts: ReadonlyMap<string, Receipt>
  readonly refusals: readonly unknown[]
}

/** Opens a log and appends to it batch by batch, sending again what is refused, as a collector does. */
async function work(ground: TestGround): Promise<Outcome> {
  const receipts = new Map<string, Receipt>()
  const refusals: unknown[] = []
  const retried = async <Value>(attempt: () => Promise<Value>): Promise<Value> => {
    for (let attempts = 0; ; attempts++) {
      try {
        return await attempt()
      } catch (error) {
        refusals.push(error)
        if (attempts > 3) throw error
      }
    }
  }
  const log: EvidenceLog = await retried(() => openTestLog(ground, { publishPauseMs: 60_000 }))
  for (const texts of [...BATCHES, BATCHES[3] ?? []]) {
    const answers = await retried(() => log.append(texts.map((text) => evidenceOf(utf8(text)))))
    for (const [at, text] of texts.entries()) receipts.set(text, answers[at] as Receipt)
  }
  // What cannot be published now is published by whoever opens the log next.
  await log.close().catch((error: unknown) => refusals.push(error))
  return { receipts, refusals }
}

/** Opens what is left, and holds it against everything that anybody was told. */
async function expectOneLog(
  record: MemoryRecord,
  { objects, notes }: Watched,
  receipts: ReadonlyMap<string, Receipt>,
  when: string,
): Promise<void> {
  const log = await openTestLog({ store: memoryLogStore(record), objects })
  const [late] = await log.append([evidenceOf(utf8('after the fault'))])
  await log.close()
  expect(await findingsOf(objects), when).toEqual([])
  const texts = await textsOf(await openTestLog({ store: memoryLogStore(record), objects }))
  expect(new Set(texts).size, when).toBe(texts.length)
  const told = [...receipts, ['after the fault', late as Receipt] as const]
  for (const [text, { index, proof }] of told) {
    expect(texts[index], when).toBe(text)
    verifyTlogProof(utf8(text), proof, TEST_TRUST)
  }
  const roots = new Map<number, string>()
  let frontier = EMPTY_FRONTIER
  for (const text of ['', ...texts]) {
    if (roots.size > 0) frontier = appendLeaf(frontier, leafHash(utf8(text)))
    roots.set(frontier.size, toHex(frontierRoot(frontier)))
  }
  for (const note of new Set([...notes, ...told.map(([, { checkpoint }]) => checkpoint)])) {
    const { size, root } = verifyCheckpoint(note, TEST_TRUST)
    expect(toHex(root), `${when}: the checkpoint of size ${size} belongs to this log`).toBe(roots.get(size))
  }
}
