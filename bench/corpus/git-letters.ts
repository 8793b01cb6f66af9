import { execFile, execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Corpus, CorpusObject } from './corpus.ts'
import { answerFromRaw, type GitAnswer } from './git-status.ts'
import { openTrustHome, type TrustHome } from './trust-home.ts'

const AT_ONCE = 2
const COMMITS_PER_RUN = 200
const TRIES = 12
/** Bump when the way of asking changes: answers kept from before are then not used. */
const RULES = 2
const DIED: GitAnswer = { letter: '!', key: '', signer: '' }
const FORMAT = '%H%x1f%G?%x1f%GK%x1f%GS'

/**
 * What the real git says about every object of the corpus, by id, under the corpus's own trust.
 *
 * Commits are asked for with `git log`; see {@link answerFromRaw} for tags. The answers take minutes, so they are kept
 * beside the corpus under a digest of its objects, its trust and the programs' versions.
 */
export async function gitLetters(
  corpus: Corpus,
  onProgress: (done: number) => void,
): Promise<ReadonlyMap<string, GitAnswer>> {
  const file = join(corpus.folder, `git-letters-${answersDigest(corpus)}.json`)
  if (existsSync(file)) return new Map(JSON.parse(readFileSync(file, 'utf8')))
  const home = openTrustHome(corpus)
  const answers = new Map<string, GitAnswer>()
  const jobs = questions(corpus, home)
  const work = async () => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
      for (const [id, answer] of await job()) answers.set(id, answer)
      onProgress(answers.size)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    home.remove()
  }
  writeFileSync(file, JSON.stringify([...answers]))
  return answers
}

type Question = () => Promise<(readonly [id: string, answer: GitAnswer])[]>

function questions(corpus: Corpus, home: TrustHome): Question[] {
  const isX509 = ({ className }: CorpusObject) => className.startsWith('x509-')
  const plain = corpus.objects.filter((object) => !isX509(object))
  const commits = plain.filter(({ type }) => type === 'commit').map(({ id }) => id)
  const jobs: Question[] = plain
    .filter(({ type }) => type === 'tag')
    .map(({ id }) => async () => [[id, await askAboutTag(corpus, id, home.env)]])
  for (let at = 0; at < commits.length; at += COMMITS_PER_RUN) {
    jobs.push(() => askAboutCommits(corpus, commits.slice(at, at + COMMITS_PER_RUN), home.env))
  }
  for (const { id, type } of corpus.objects.filter(isX509)) {
    jobs.push(() =>
      home.withCopy((env) =>
        type === 'commit'
          ? askAboutCommits(corpus, [id], env)
          : askAboutTag(corpus, id, env).then((answer) => [[id, answer]]),
      ),
    )
  }
  return jobs
}

/** Arguments that give git the corpus's SSH trust; GnuPG's comes by its home folder. */
function gitTrustArgs({ repository, allowedSigners, revocations }: Omit<Corpus, 'objects'>): string[] {
  const files = [`gpg.ssh.allowedSignersFile=${allowedSigners}`, `gpg.ssh.revocationFile=${revocations}`]
  return ['-C', repository, ...files.flatMap((setting) => ['-c', setting])]
}

async function askAboutCommits(corpus: Corpus, ids: readonly string[], env: NodeJS.ProcessEnv): ReturnType<Question> {
  const answers: [string, GitAnswer][] = []
  let left = ids
  while (left.length > 0) {
    const args = [...gitTrustArgs(corpus), 'log', '--no-walk=unsorted', '--stdin', `--format=${FORMAT}`]
    const { stdout, died, killed } = await runGit(args, env, `${left.join('\n')}\n`)
    const lines = stdout.split('\n').filter((line) => line !== '')
    for (const line of lines) {
      const [id = '', letter = '', key = '', signer = ''] = line.split('\x1f')
      answers.push([id, { letter, key, signer }])
    }
    left = left.slice(lines.length)
    if (left.length === 0) break
    if (killed && lines.length > 0) continue
    if (!died) throw new Error(`git answered for ${lines.length} commits only, and did not say why`)
    // git dies at a signature whose format it cannot tell, and takes the rest of the list with it.
    answers.push([left[0] as string, DIED])
    left = left.slice(1)
  }
  return answers
}

async function askAboutTag(corpus: Corpus, id: string, env: NodeJS.ProcessEnv): Promise<GitAnswer> {
  const { stderr, killed } = await runGit([...gitTrustArgs(corpus), 'verify-tag', '--raw', id], env, '')
  return killed ? DIED : answerFromRaw(stderr)
}

interface GitRun {
  readonly stdout: string
  readonly stderr: string
  readonly died: boolean
  readonly killed: boolean
}

/**
 * Runs git, again and again while a signal ends it before it has said anything new.
 *
 * When ssh-keygen refuses a signature before it has read the payload, git may write into the closed pipe and be killed by
 * SIGPIPE: a race that the next try usually wins. With a payload larger than the pipe it never does, and git has no answer.
 */
async function runGit(args: readonly string[], env: NodeJS.ProcessEnv, input: string): Promise<GitRun> {
  let run = await runGitOnce(args, env, input)
  for (let tries = 1; run.killed && run.stdout === '' && tries < TRIES; tries += 1) {
    run = await runGitOnce(args, env, input)
  }
  return run
}

function runGitOnce(args: readonly string[], env: NodeJS.ProcessEnv, input: string): Promise<GitRun> {
  return new Promise((resolve) => {
    const child = execFile('git', args, { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const killed = child.signalCode !== null || child.exitCode === 141
      resolve({ stdout, stderr, died: error !== null, killed })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

function answersDigest(corpus: Corpus): string {
  const versions = ['git', 'gpg', 'gpgsm'].map((program) => execFileSync(program, ['--version'], { stdio: 'pipe' }))
  const ssh = execFileSync('sh', ['-c', 'ssh -V 2>&1'])
  const files = [
    corpus.allowedSigners,
    corpus.revocations,
    corpus.keyring,
    corpus.roots,
    join(corpus.folder, 'objects.jsonl'),
  ]
  return hash(
    'sha256',
    Buffer.concat([Buffer.of(RULES), ...versions, ssh, ...files.map((file) => readFileSync(file))]),
  ).slice(0, 16)
}
