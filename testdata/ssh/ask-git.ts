import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { MatrixCase } from './matrix.ts'

/** What `git log --format='%G? %GK %GS'` printed; null for an empty field. */
export interface GitAnswer {
  readonly letter: string
  readonly key: string | null
  readonly principal: string | null
}

/**
 * Asks the installed git, which asks the installed ssh-keygen, about each case in a repository of its own. Local time is UTC.
 * A git that dies of a broken pipe is asked again: 2.39 does when ssh-keygen refuses a signature before it reads the payload.
 */
export async function askGit(cases: readonly MatrixCase[]): Promise<readonly GitAnswer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ssh-oracle-'))
  try {
    const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1', TZ: 'UTC', LC_ALL: 'C' }
    execFileSync('git', ['init', '-q', '--bare', folder], { env })
    const paths = cases.map((item, i) => write(folder, `commit-${i}`, signedCommit(item)))
    const args = ['-C', folder, 'hash-object', '--literally', '-t', 'commit', '-w', '--stdin-paths']
    const ids = execFileSync('git', args, { env, input: paths.join('\n') })
      .toString()
      .trim()
      .split('\n')
    const answers: GitAnswer[] = []
    let next = 0
    const work = async (): Promise<void> => {
      for (let i = next++; i < cases.length; i = next++) {
        answers[i] = await askOne(folder, env, cases[i] as MatrixCase, i, ids[i] ?? '')
      }
    }
    await Promise.all([work(), work(), work()])
    return answers
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function signedCommit({ payload, armor }: MatrixCase): string {
  const headerEnd = payload.indexOf('\n\n') + 1
  const signature = armor.replace(/\n$/, '').replaceAll('\n', '\n ')
  return `${payload.slice(0, headerEnd)}gpgsig ${signature}\n${payload.slice(headerEnd)}`
}

const run = promisify(execFile)
const ATTEMPTS = 25

async function askOne(
  folder: string,
  env: NodeJS.ProcessEnv,
  item: MatrixCase,
  index: number,
  id: string,
): Promise<GitAnswer> {
  const config: string[] = []
  if (item.allowedSigners !== null) {
    config.push('-c', `gpg.ssh.allowedSignersFile=${write(folder, `signers-${index}`, item.allowedSigners)}`)
  }
  if (item.revoked !== null) {
    const file = write(folder, `revoked-${index}`, Buffer.from(item.revoked, 'base64'))
    config.push('-c', `gpg.ssh.revocationFile=${file}`)
  }
  const args = ['-C', folder, ...config, 'log', '-1', '--format=%G?%x00%GK%x00%GS', id]
  for (let attempt = 1; ; attempt++) {
    try {
      const { stdout } = await run('git', args, { env })
      const [letter = '', key = '', principal = ''] = stdout.replace(/\n$/, '').split('\0')
      return { letter, key: key === '' ? null : key, principal: principal === '' ? null : principal }
    } catch (error) {
      const isBrokenPipe = error instanceof Error && 'signal' in error && error.signal === 'SIGPIPE'
      if (!isBrokenPipe || attempt === ATTEMPTS) throw error
    }
  }
}

function write(folder: string, name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
