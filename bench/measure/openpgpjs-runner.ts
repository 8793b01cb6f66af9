import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createMessage, readKeys, readSignature, verify } from 'openpgp'

/**
 * Verifies the newest commits of a repository with openpgp.js, one after the other in one thread, as a user of that
 * library would: `node openpgpjs-runner.ts REPOSITORY KEYRING COUNT`. Fails unless every signature is good.
 */
async function run(repository: string, keyring: string, count: number): Promise<void> {
  const verificationKeys = await readKeys({ binaryKeys: readFileSync(keyring) })
  const git = (args: readonly string[], input?: Buffer) =>
    execFileSync('git', ['-C', repository, ...args], { maxBuffer: 1 << 30, ...(input && { input }) })
  const ids = git(['rev-list', `--max-count=${count}`, 'refs/heads/main'])
  let good = 0
  for (const body of frames(git(['cat-file', '--batch', '--buffer'], ids))) {
    const { payload, armor } = split(body)
    const message = await createMessage({ binary: payload })
    const signature = await readSignature({ armoredSignature: armor })
    const { signatures } = await verify({ message, signature, verificationKeys })
    // `verified` rejects when the signature is not good.
    for (const { verified } of signatures) await verified
    good += signatures.length
  }
  if (good !== count) throw new Error(`${good} of ${count} commits are good`)
}

/** The object bodies of a `cat-file --batch` answer. */
function* frames(answer: Buffer): Generator<Buffer> {
  let at = 0
  while (at < answer.length) {
    const end = answer.indexOf(10, at)
    const size = Number(answer.toString('latin1', at, end).split(' ')[2])
    yield answer.subarray(end + 1, end + 1 + size)
    at = end + 1 + size + 1
  }
}

function split(commit: Buffer): { readonly payload: Buffer; readonly armor: string } {
  const start = commit.indexOf('\ngpgsig ') + 1
  let end = commit.indexOf(10, start)
  while (commit[end + 1] === 32) end = commit.indexOf(10, end + 1)
  const armor = commit.toString('latin1', start + 7, end).replaceAll('\n ', '\n')
  return { payload: Buffer.concat([commit.subarray(0, start), commit.subarray(end + 1)]), armor }
}

const [repository = '', keyring = '', count = ''] = process.argv.slice(2)
await run(repository, keyring, Number(count))
