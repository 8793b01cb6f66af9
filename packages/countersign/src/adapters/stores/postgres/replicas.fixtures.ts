import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, leafHash, toHex, utf8, verifyCheckpoint } from '@countersign/verify'
import { afterEach, beforeEach, expect } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../../../../../e2e/estate/postgres/tcp-proxy.ts'
import type { LogStore } from '../../../workflows/ports/log-store.ts'
import { findingsOf, TEST_TRUST } from '../../log/log.fixtures.ts'
import { openFolderObjects } from '../folder/object-store.ts'
import { openPostgresStore } from './log-store.ts'
import type { ServerUnderTest } from './postgres.fixtures.ts'

const PROGRAM = fileURLToPath(new URL('replica.fixtures.ts', import.meta.url))

export const LEASE_MS = 1_000

/** One log and the replicas of it that a test starts. */
export interface ReplicaEstate {
  readonly proxy: TcpProxy
  /** Starts a replica that appends from four callers, through the proxy if that port is given. */
  start(name: string, port?: number): ReplicaProcess
  /** As {@link expectOneLog}, while they run. */
  expectOneLog(): Promise<number>
  /** Stops whoever runs, then holds all that they ever said against the record and what was published. Returns the number of entries. */
  expectOneLogOfAll(): Promise<number>
}

/** A new log for every test of a file; what a test started is ended after it. */
export function replicasForTests(server: ServerUnderTest): ReplicaEstate {
  let schema: string
  let objects: string
  let store: LogStore
  let proxy: TcpProxy
  let replicas: ReplicaProcess[]
  beforeEach(async () => {
    schema = server.newSchema()
    objects = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'countersign-replicas-'))
    store = await openPostgresStore(await server.place(), { schema: { name: schema } })
    proxy = await startTcpProxy(server.handle.port)
    replicas = []
  })
  afterEach(async () => {
    for (const replica of replicas) replica.signal('SIGCONT')
    for (const replica of replicas) replica.signal('SIGKILL')
    await Promise.all(replicas.map((replica) => replica.ended))
    await store.close()
    await proxy.stop()
    await rm(objects, { recursive: true, force: true })
  })
  return {
    get proxy() {
      return proxy
    },
    start: (name, port = server.handle.port) => {
      const url = server.handle.url().replace(/:\d+\//, `:${port}/`)
      const replica = new ReplicaProcess({ url, schema, objects, name, leaseMs: LEASE_MS, callers: 4 })
      replicas.push(replica)
      return replica
    },
    expectOneLog: () => expectOneLog(store, replicas),
    expectOneLogOfAll: async () => {
      await Promise.all(replicas.map((replica) => replica.stop()))
      expect(replicas.map(({ complaints }) => complaints).join('')).toBe('')
      const size = await expectOneLog(store, replicas)
      const folder = openFolderObjects(objects)
      expect(await findingsOf(folder)).toEqual([])
      const note = Buffer.from((await folder.get('checkpoint')) ?? []).toString()
      expect(verifyCheckpoint(note, TEST_TRUST).size).toBe(size)
      return size
    },
  }
}

/** What a replica said about one entry that it acknowledged. */
interface Acknowledgement {
  /** Milliseconds since 1970, by the clock that all processes of this machine share. */
  readonly at: number
  readonly index: number
  readonly text: string
  readonly checkpoint: string
}

interface ReplicaOptions {
  readonly url: string
  readonly schema: string
  readonly objects: string
  readonly name: string
  readonly leaseMs: number
  readonly callers: number
}

/** A replica as a process of its own. */
export class ReplicaProcess {
  readonly name: string
  readonly acknowledgements: Acknowledgement[] = []
  readonly ended: Promise<unknown>
  isElected = false
  hasClosed = false
  complaints = ''
  readonly #child: ChildProcess

  constructor({ url, schema, objects, name, leaseMs, callers }: ReplicaOptions) {
    this.name = name
    this.#child = spawn(process.execPath, [PROGRAM, url, schema, objects, name, String(leaseMs), String(callers)])
    this.ended = new Promise((resolve) => this.#child.once('close', resolve))
    let rest = ''
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      // A last line without its newline was cut off while it was said.
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line))
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.complaints += chunk.toString()
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Has it finish what it does and close its log. */
  async stop(): Promise<void> {
    this.#child.stdin?.on('error', () => {})
    this.#child.stdin?.end('stop')
    await this.ended
  }

  /** Resolves when it has acknowledged so many entries more. */
  async acknowledgesMore(count: number, withinMs = 15_000): Promise<void> {
    const wanted = this.acknowledgements.length + count
    await expect
      .poll(() => this.acknowledgements.length >= wanted || this.complaints, { interval: 5, timeout: withinMs })
      .toBe(true)
  }

  /** The longest time between two acknowledgements from a moment on, in milliseconds. */
  longestStall(from: number): number {
    const times = [from, ...this.acknowledgements.map(({ at }) => at).filter((at) => at >= from)]
    return Math.max(...times.slice(1).map((at, place) => at - (times[place] ?? at)))
  }

  #take(line: { readonly what: string } & Acknowledgement): void {
    if (line.what === 'ack') this.acknowledgements.push(line)
    if (line.what === 'elected') this.isElected = true
    if (line.what === 'deposed') this.isElected = false
    if (line.what === 'closed') this.hasClosed = true
  }
}

/**
 * Fails unless all that was acknowledged is in the record, once and where it was said to be, and every checkpoint that was released is
 * one of the very same growing tree. Returns the number of entries.
 */
async function expectOneLog(store: LogStore, replicas: readonly ReplicaProcess[]): Promise<number> {
  // Before the record is read: they may go on meanwhile.
  const acknowledged = replicas.flatMap((replica) => replica.acknowledgements)
  const texts: string[] = []
  const size = (await store.head())?.size ?? 0
  for await (const run of store.entries(0, size)) texts.push(...run.map(({ entry }) => Buffer.from(entry).toString()))
  expect(texts).toHaveLength(size)
  expect(new Set(texts).size).toBe(size)
  const lost = acknowledged.filter(({ index, text }) => texts[index] !== text)
  expect(lost.map(({ index, text }) => `${index} ${text} ${texts[index]}`)).toEqual([])
  const released = new Map<number, string>()
  for (const note of new Set(acknowledged.map(({ checkpoint }) => checkpoint))) {
    const { size: at, root } = verifyCheckpoint(note, TEST_TRUST)
    expect(released.get(at) ?? toHex(root)).toBe(toHex(root))
    released.set(at, toHex(root))
  }
  expect([...released.keys()].filter((at) => at > size)).toEqual([])
  let frontier = EMPTY_FRONTIER
  for (let at = 0; at <= size; at++) {
    if (released.has(at)) expect(toHex(frontierRoot(frontier))).toBe(released.get(at))
    frontier = appendLeaf(frontier, leafHash(utf8(texts[at] ?? '')))
  }
  return size
}
