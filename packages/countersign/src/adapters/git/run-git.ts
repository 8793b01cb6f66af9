import { type ChildProcess, spawn } from 'node:child_process'
import { printable } from '@countersign/verify'
import { Problem } from '../../workflows/problem.ts'

/**
 * What keeps a hostile repository from making git do more than read: no lazy fetching through a promisor remote, no
 * transport of any kind, no prompts, no replacement objects, no grafts.
 */
const ENVIRONMENT = {
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: '/dev/null',
  GIT_ADVICE: '0',
  // Otherwise rev-list writes every id by itself, and whoever reads them wakes for each.
  GIT_FLUSH: '0',
  LC_ALL: 'C',
} as const

const SETTINGS = [
  // A commit-graph file is not covered by object ids: whoever writes it could bend the walk.
  ...['-c', 'core.commitGraph=false'],
  ...['-c', 'core.fsmonitor=false'],
  // Naming a graft file, if only to have none, would bring advice in front of every message.
  ...['-c', 'advice.graftFileDeprecated=false'],
  // git maps whole packs otherwise, and its memory grows with the repository.
  ...['-c', 'core.packedGitWindowSize=1m', '-c', 'core.packedGitLimit=32m'],
  '--no-pager',
] as const

const MAX_MESSAGE = 2_000

/** A running git. `done` settles when it has ended: with what it said on standard error on success, with a `Problem` otherwise. */
export interface RunningGit {
  readonly process: ChildProcess
  readonly done: Promise<string>
}

/** Starts git in a folder with standard output piped, and standard input too unless it has none; its talk is kept for the error message. */
export function startGit(folder: string, args: readonly string[], input: 'pipe' | 'ignore' = 'pipe'): RunningGit {
  const child = spawn('git', [...SETTINGS, ...args], {
    cwd: folder,
    env: { ...withoutGitVariables(process.env), ...ENVIRONMENT },
    stdio: [input, 'pipe', 'pipe'],
  })
  let talk = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (talk.length < MAX_MESSAGE) talk += text
  })
  // A git that ends early closes its input; what it said on standard error is the better message.
  child.stdin?.on('error', () => undefined)
  const done = new Promise<string>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(startProblem(error, folder)))
    child.on('close', (code, signal) => (code === 0 ? resolve(talk) : reject(gitProblem(talk, code ?? signal, args))))
  })
  done.catch(() => undefined)
  return { process: child, done }
}

/** Runs git to its end and returns what it printed; `input` goes to its standard input. `heard` is told what it said besides. */
export async function runGit(
  folder: string,
  args: readonly string[],
  input = '',
  heard: (talk: string) => void = () => undefined,
): Promise<Buffer> {
  const git = startGit(folder, args, input === '' ? 'ignore' : 'pipe')
  git.process.stdin?.end(input)
  const chunks: Buffer[] = []
  git.process.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  heard(await git.done)
  return Buffer.concat(chunks)
}

function withoutGitVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // GIT_DIR and its like would send git to another repository than the one named.
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_')))
}

function startProblem(error: NodeJS.ErrnoException, folder: string): Problem {
  if (error.code !== 'ENOENT') return new Problem('git_failed', `git could not be started: ${error.message}`)
  // Node reports a missing working folder and a missing program with the same code.
  return new Problem('git_not_found', `git is not on PATH, or the folder ${folder} has gone`, { cause: error })
}

function gitProblem(stderr: string, code: number | string | null, args: readonly string[]): Problem {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('hint:'))
  const talk = lines.join('\n')
  const said = printable(lines.slice(0, 5).join('; '))
  if (/not a git repository/i.test(talk)) return new Problem('not_a_repository', said)
  if (/dubious ownership|safe\.directory/.test(talk)) return new Problem('repository_not_trusted_by_git', said)
  if (/unknown revision|bad revision|ambiguous argument|invalid object name/i.test(talk)) {
    return new Problem('revision_not_found', said)
  }
  if (
    /missing|could not (read|fetch)|bad object|Could not read|unable to (read|parse)|promisor|failed to traverse/i.test(
      talk,
    )
  ) {
    return new Problem('objects_missing', said)
  }
  return new Problem('git_failed', `git ${args[0] ?? ''} ended with ${code}${said === '' ? '' : `: ${said}`}`)
}
