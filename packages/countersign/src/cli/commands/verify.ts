import type { Verdict } from '@countersign/verify'
import { worstVerdict } from '@countersign/verify'
import { dataFolder, now, openMemory, openRepository, openVerifier, readTrust } from '../../wire.ts'
import type { GitRepository } from '../../workflows/ports/git-repository.ts'
import type { Tally } from '../../workflows/ports/object-verifier.ts'
import type { Remembered } from '../../workflows/ports/verified-memory.ts'
import { Problem } from '../../workflows/problem.ts'
import { annotatedTags, verifyHistory } from '../../workflows/verify-history.ts'
import { exitCodeOf } from '../exit-code.ts'
import { formatObjectRows } from '../output/object-rows.ts'
import { startProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign verify`, as the grammar reads them. */
export interface VerifyOptions {
  readonly repo: string
  readonly rev?: readonly string[]
  readonly all?: true
  readonly new?: true
  readonly allowedSigners?: readonly string[]
  readonly keyring?: readonly string[]
  readonly x509Roots?: readonly string[]
  readonly revoked?: readonly string[]
  readonly data?: string
  readonly threads?: number
  readonly at?: number
  readonly output: 'table' | 'jsonl'
  readonly progress: boolean
}

const NOTHING: Remembered = { commits: [], tags: [], tally: {} }

/** Verifies and prints one line an object. Returns the exit code of the worst verdict. */
export async function verify(options: VerifyOptions, terminal: Terminal): Promise<number> {
  if (options.all && options.rev !== undefined) throw new Problem('usage', '--all and --rev exclude each other')
  const repository = await openRepository(options.repo)
  const trust = await readTrust({
    allowedSigners: options.allowedSigners ?? [],
    keyrings: options.keyring ?? [],
    x509Roots: options.x509Roots ?? [],
    revoked: options.revoked ?? [],
  })
  const memory = options.new ? await openMemory(dataFolder(options.data), repository, trust) : null
  const known = (await memory?.recall()) ?? NOTHING
  const verifier = await openVerifier(repository, trust, { now: options.at ?? now(), threads: options.threads })
  const revisions = options.all ? ('all-refs' as const) : (options.rev ?? ['HEAD'])
  const progress = startProgress(terminal, 'objects verified', options.progress)
  const tally: Record<string, number> = {}
  for await (const run of verifyHistory(repository, verifier, { revisions, known })) {
    await terminal.data(options.output === 'jsonl' ? run.lines : formatObjectRows(run.lines, terminal))
    addTo(tally, run.tally)
    progress.add(totalOf(run.tally))
  }
  progress.end()
  await memory?.remember(await remembered(repository, options, known, tally))
  summarise(tally, known, await repository.isShallow(), terminal)
  return exitCodeOf(worstOf(tally), 'fail')
}

async function remembered(
  repository: GitRepository,
  options: VerifyOptions,
  known: Remembered,
  tally: Tally,
): Promise<Remembered> {
  const total = { ...known.tally }
  addTo(total, tally)
  if (!options.all) {
    const tips = await Promise.all(
      (options.rev ?? ['HEAD']).map((revision) => repository.resolve(`${revision}^{commit}`)),
    )
    // A range reaches less than its end does, so it says nothing about what lies before.
    return {
      commits: merge(
        known.commits,
        tips.filter((tip) => tip !== null),
      ),
      tags: known.tags,
      tally: total,
    }
  }
  const refs = await repository.refs()
  const tips = refs.flatMap((ref) => (ref.type === 'commit' ? [ref.object] : (ref.peeled ?? [])))
  return { commits: [...new Set(tips)], tags: await annotatedTags(repository), tally: total }
}

function merge(before: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...more, ...before])].slice(0, 1_000)
}

function addTo(sum: Record<string, number>, more: Tally): void {
  for (const [key, count] of Object.entries(more)) sum[key] = (sum[key] ?? 0) + count
}

function totalOf(tally: Tally): number {
  return Object.entries(tally).reduce((sum, [key, count]) => sum + (key.startsWith('verdict:') ? count : 0), 0)
}

function worstOf(tally: Tally): Verdict {
  const verdicts = Object.keys(tally).filter((key) => key.startsWith('verdict:'))
  return worstVerdict(verdicts.map((key) => key.slice('verdict:'.length) as Verdict))
}

function summarise(tally: Tally, known: Remembered, shallow: boolean, terminal: Terminal): void {
  const show = (counts: Tally, prefix: string): string =>
    Object.entries(counts)
      .filter(([key]) => key.startsWith(prefix))
      .sort(([, a], [, b]) => b - a)
      .map(([key, count]) => `${count} ${key.slice(prefix.length).replaceAll('_', ' ')}`)
      .join(', ') || 'nothing'
  terminal.talk(`verified: ${show(tally, 'verdict:')} (${show(tally, 'reason:')})\n`)
  if (known.commits.length > 0) terminal.talk(`verified before, not shown: ${show(known.tally, 'verdict:')}\n`)
  if (shallow) terminal.talk('note: the clone is shallow; older commits were not looked at\n')
}
