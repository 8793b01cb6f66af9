import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFolderObjects } from '../stores/folder/object-store.ts'
import { openTestLog, TEST_ORIGIN, TEST_VKEY, testEvidence, testGround } from './log.fixtures.ts'

const run = promisify(execFile)
const MODULE = fileURLToPath(new URL('../../../../../testdata/tlog/tessera-fsck', import.meta.url))
const ACCEPTED = "Successfully fsck'd log"
let scratch: string
let fsck: string
let vkeyFile: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tessera-'))
  await cp(MODULE, join(scratch, 'module'), { recursive: true })
  fsck = join(scratch, 'fsck')
  vkeyFile = join(scratch, 'log.vkey')
  await writeFile(vkeyFile, TEST_VKEY)
  // A missing `go` fails here, by its name.
  await run('go', ['build', '-mod=mod', '-trimpath', '-o', fsck, 'github.com/transparency-dev/tessera/cmd/fsck'], {
    cwd: join(scratch, 'module'),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
  })
}, 600_000)

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true })
})

describe("Tessera's fsck", () => {
  test.for([
    { name: 'one entry', grown: [1] },
    { name: 'one entry less than a tile', grown: [255] },
    { name: 'exactly a tile', grown: [256] },
    { name: 'one entry more than a tile', grown: [256, 1] },
    { name: 'many small steps', grown: Array(60).fill(11) },
    { name: 'three levels', grown: [65_000, 5_000] },
  ])('accepts a log of $name, read from files', async ({ grown }) => {
    const size = grown.reduce((sum, count) => sum + count, 0)
    expect(await verdict(pathToFileURL(await logOf(grown)).href)).toContain(`${ACCEPTED} with size ${size} and root`)
  })

  test('accepts a log that a plain file server publishes', async () => {
    const server = await serve(await logOf([300]))
    const address = server.address()
    try {
      const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
      expect(await verdict(url)).toContain(ACCEPTED)
    } finally {
      server.close()
    }
  })

  test.for([
    'checkpoint',
    'tile/0/000',
    'tile/0/001.p/44',
    'tile/entries/000',
    'tile/entries/001.p/44',
    'tile/1/000.p/1',
  ])('does not accept a log with a changed byte in %s', async (file) => {
    const folder = await logOf([300])
    const bytes = await readFile(join(folder, file))
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1
    await writeFile(join(folder, file), bytes)
    expect(await verdict(pathToFileURL(folder).href)).not.toContain(ACCEPTED)
  })
})

async function logOf(grown: readonly number[]): Promise<string> {
  const folder = join(await mkdtemp(join(scratch, 'log-')), 'log')
  const log = await openTestLog(testGround({ objects: openFolderObjects(folder) }))
  let size = 0
  for (const count of grown) {
    await log.append(testEvidence(size, count))
    size += count
  }
  await log.close()
  return folder
}

/** What the program says. It ends with 0 whatever it finds, and may wait for ever after a failure: only its words count. */
async function verdict(url: string): Promise<string> {
  const flags = ['--ui=false', '--logtostderr', '--storage_url', url, '--public_key', vkeyFile, '--origin', TEST_ORIGIN]
  return run(fsck, flags, { timeout: 5_000, killSignal: 'SIGKILL' }).then(
    ({ stderr }) => stderr,
    ({ stderr }: { readonly stderr: string }) => stderr,
  )
}

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    readFile(join(folder, new URL(request.url ?? '/', 'http://log').pathname)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
