import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, leafHash, toHex, utf8, verifyCheckpoint } from '@countersign/verify'
import { expect, test } from 'vitest'
import { findingsOf, TEST_KEY, TEST_ORIGIN, TEST_TRUST, textsOf } from './log.fixtures.ts'
import { openTileFolder } from './tile-folder.ts'

const WRITER = fileURLToPath(new URL('../../../../../testdata/tlog/append-until-killed.ts', import.meta.url))
const KILLS = Number(process.env['COUNTERSIGN_LOG_KILLS'] ?? 15)
const LOGS = 2
// Killing a process leaves what it wrote in the system's memory, so a file system in memory shows the same and is not slowed by others.
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const LONGEST_LIFE_MS = 40

test(`a writer killed ${KILLS} times at random instants loses nothing that it acknowledged`, {
  timeout: 30_000 + KILLS * 2_000,
}, async () => {
  await Promise.all(Array.from({ length: LOGS }, (_, at) => killAgainAndAgain(Math.ceil((KILLS - at) / LOGS))))
})

async function killAgainAndAgain(kills: number): Promise<void> {
  const parent = await mkdtemp(join(SCRATCH, 'tile-folder-kill-'))
  const folder = join(parent, 'log')
  const acknowledged = new Map<number, string>()
  const checkpoints: string[] = []
  try {
    for (let kill = 0; kill < kills; kill++) {
      for (const [index, text] of await runAndKill(folder, `run ${kill}`)) acknowledged.set(index, text)
      checkpoints.push(await readFile(join(folder, 'checkpoint'), 'utf8'))
      const damage = (await findingsOf(folder)).filter(({ code }) => code !== 'beyond_checkpoint')
      expect(damage, `after kill ${kill}`).toEqual([])
    }
    await expectAllThere(folder, acknowledged, checkpoints)
  } finally {
    await rm(parent, { recursive: true, force: true })
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
  expect(said, complained).toMatch(/^ready\n/)
  // A last line without its newline was cut off while it was said.
  const lines = said.slice('ready\n'.length).split('\n').slice(0, -1)
  return new Map(lines.map((line) => [Number.parseInt(line, 10), line.slice(line.indexOf(' ') + 1)]))
}

async function expectAllThere(
  folder: string,
  acknowledged: ReadonlyMap<number, string>,
  checkpoints: readonly string[],
): Promise<void> {
  const log = await openTileFolder({ folder, origin: TEST_ORIGIN, key: TEST_KEY })
  const texts = await textsOf(log)
  await log.close()
  expect(await findingsOf(folder)).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(0)
  expect([...acknowledged].filter(([index, text]) => texts[index] !== text)).toEqual([])
  const published = new Map(
    checkpoints.map((note) => {
      const { size, root } = verifyCheckpoint(note, TEST_TRUST)
      return [size, toHex(root)]
    }),
  )
  let frontier = EMPTY_FRONTIER
  for (let size = 0; size <= texts.length; size++) {
    if (published.has(size)) expect(toHex(frontierRoot(frontier))).toBe(published.get(size))
    frontier = appendLeaf(frontier, leafHash(utf8(texts[size] ?? '')))
  }
}
