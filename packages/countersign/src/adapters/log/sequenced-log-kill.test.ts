import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  appendLeaf,
  type Checkpoint,
  EMPTY_FRONTIER,
  frontierRoot,
  leafHash,
  toHex,
  utf8,
  verifyCheckpoint,
} from '@countersign/verify'
import { expect, test } from 'vitest'
import { openFolderObjects } from '../stores/folder/object-store.ts'
import { checkSqliteFile } from '../stores/sqlite/check-file.ts'
import { openSqliteStore, readSqliteStore } from '../stores/sqlite/log-store.ts'
import { fsckRecord } from './fsck-record.ts'
import { findingsOf, openTestLog, TEST_TRUST, textsOf } from './log.fixtures.ts'

const WRITER = fileURLToPath(new URL('../../../../../testdata/tlog/append-until-killed.ts', import.meta.url))
const KILLS = Number(process.env['COUNTERSIGN_LOG_KILLS'] ?? 20)
const LOGS = 2
const WRITERS = 2
// Killing a process leaves what it wrote in the system's memory, so a file system in memory shows the same and is not slowed by others.
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const LONGEST_LIFE_MS = 120

test(`processes that write one record, killed ${KILLS} times at random instants, lose nothing that they acknowledged`, {
  timeout: 30_000 + KILLS * 2_000,
}, async () => {
  await Promise.all(Array.from({ length: LOGS }, (_, at) => killAgainAndAgain(Math.ceil((KILLS - at) / LOGS))))
})

async function killAgainAndAgain(kills: number): Promise<void> {
  const folder = await mkdtemp(join(SCRATCH, 'sequenced-log-kill-'))
  const acknowledged = new Map<number, string>()
  const checkpoints: Checkpoint[] = []
  try {
    for (let kill = 0; kill < kills; kill += WRITERS) {
      const writers = Array.from({ length: WRITERS }, (_, at) => runAndKill(folder, `run ${kill} ${at}`))
      for (const said of await Promise.all(writers)) for (const [index, text] of said) acknowledged.set(index, text)
      checkpoints.push(...(await expectSound(folder, `after kill ${kill}`)))
    }
    await expectAllThere(folder, acknowledged, checkpoints)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a writer for a random while after it has opened the log; returns what it acknowledged. */
async function runAndKill(folder: string, prefix: string): Promise<ReadonlyMap<number, string>> {
  const writer = spawn(process.execPath, [WRITER, folder, prefix], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, complained] = ['', '']
  const ended = new Promise((resolve) => writer.once('close', resolve))
  const ready = new Promise<void>((resolve) => {
    writer.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.startsWith('ready\n')) resolve()
    })
  })
  writer.stderr.on('data', (chunk: Buffer) => {
    complained += chunk.toString()
  })
  await Promise.race([ready, ended])
  await wait(Math.random() * LONGEST_LIFE_MS)
  writer.kill('SIGKILL')
  await ended
  expect([said.slice(0, 6), complained]).toEqual(['ready\n', ''])
  // A last line without its newline was cut off while it was said.
  const lines = said.slice('ready\n'.length).split('\n').slice(0, -1)
  return new Map(lines.map((line) => [Number.parseInt(line, 10), line.slice(line.indexOf(' ') + 1)]))
}

/** Checks everything as the kill left it, before anybody mends it. Returns the checkpoint that strangers see. */
async function expectSound(folder: string, when: string): Promise<readonly Checkpoint[]> {
  const objects = openFolderObjects(join(folder, 'log'))
  const file = await readFile(join(folder, 'log', 'checkpoint'), 'utf8').catch(() => null)
  const published = file === null ? null : verifyCheckpoint(file, TEST_TRUST)
  const findings = published === null ? [] : await findingsOf(objects)
  const damage = findings.filter(({ code }) => code !== 'beyond_checkpoint')
  const store = readSqliteStore(join(folder, 'evidence.db'))
  const found: unknown[] = [...checkSqliteFile(join(folder, 'evidence.db'))]
  for await (const finding of fsckRecord(store, published)) found.push(finding)
  await store.close()
  expect([damage, found], when).toEqual([[], []])
  return published === null ? [] : [published]
}

async function expectAllThere(
  folder: string,
  acknowledged: ReadonlyMap<number, string>,
  checkpoints: readonly Checkpoint[],
): Promise<void> {
  const objects = openFolderObjects(join(folder, 'log'))
  const log = await openTestLog({ store: openSqliteStore(join(folder, 'evidence.db')), objects })
  const texts = await textsOf(log)
  expect(acknowledged.size).toBeGreaterThan(0)
  expect([...acknowledged].filter(([index, text]) => texts[index] !== text)).toEqual([])
  const indexed: number[] = []
  for (let caller = 0; caller < 8; caller++) {
    for await (const { index } of log.find({ subject: `caller:${caller}` })) indexed.push(index)
  }
  expect(indexed.sort((a, b) => a - b)).toEqual(texts.map((_, index) => index))
  await log.close()
  expect(await findingsOf(objects)).toEqual([])
  const roots = new Map(checkpoints.map(({ size, root }) => [size, toHex(root)]))
  let frontier = EMPTY_FRONTIER
  for (let size = 0; size <= texts.length; size++) {
    if (roots.has(size)) expect(toHex(frontierRoot(frontier))).toBe(roots.get(size))
    frontier = appendLeaf(frontier, leafHash(utf8(texts[size] ?? '')))
  }
}
