import type { Verdict } from '@countersign/verify'
import { readTrustRoots, type TrustMaterial, type TrustProblem, worstVerdict } from '@countersign/verify'
import { dataFolder, now, openMemory, openRepository, openVerifier, readTrust } from '../../wire.ts'
import type { Tally } from '../../workflows/ports/object-verifier.ts'
import type { Remembered } from '../../workflows/ports/verified-memory.ts'
import { Problem } from '../../workflows/problem.ts'
import { knownAfter, verifyHistory, withInnerTags } from '../../workflows/verify-history.ts'
import { exitCodeOf } from '../exit-code.ts'
import type { ObjectFormatName } from '../output/formats.ts'
import type { ObjectPrinter } from '../output/object-printer.ts'
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
  readonly rekorKey?: readonly string[]
  readonly data?: string
  readonly threads?: number
  readonly at?: number
  readonly output: ObjectFormatName
  readonly progress: boolean
}

const NOTHING: Remembered = { commits: [], tags: [], tally: {} }

/** Verifies and prints one line an object. Returns the exit code of the worst verdict, remembered ones included. */
export async function verify(options: VerifyOptions, terminal: Terminal): Promise<number> {
  if (options.all && options.rev !== undefined) throw new Problem('usage', '--all and --rev exclude each other')
  // What is remembered was judged at the time of its own run.
  if (options.new && options.at !== undefined) throw new Problem('usage', '--at and --new exclude each other')
  const revisions = options.rev ?? ['HEAD']
  // Keys are read while git says what the revisions mean.
  const [repository, { trust, roots, problems }] = await Promise.all([
    openRepository(options.repo, revisions),
    readKeys(options),
  ])
  for (const problem of problems) terminal.talk(`note: ${noteOf(problem)}\n`)
  const memory = options.new ? await openMemory(dataFolder(options.data), repository, trust) : null
  const [tips, known, verifier] = await Promise.all([
    repository.tips(options.all ? 'all-refs' : revisions),
    memory?.recall() ?? NOTHING,
    openVerifier(repository, trust, roots, { now: options.at ?? now(), threads: options.threads }),
  ])
  const printer = await printerFor(options.output, terminal)
  const progress = startProgress(terminal, 'objects verified', options.progress)
  const tally: Record<string, number> = {}
  for await (const run of verifyHistory(repository, verifier, { tips, known })) {
    await terminal.data(printer.some(run.lines))
    addTo(tally, run.tally)
    progress.add(totalOf(run.tally))
  }
  progress.end()
  await terminal.data(printer.end())
  const shallow = (await repository.shallowBoundary()).size > 0
  const sum = sumOf(known.tally, tally)
  // A range is looked at anew each time, so its counts are not kept either.
  if (memory !== null && !shallow && tips.exclude.length === 0) {
    const after = knownAfter({ tips, known }, await withInnerTags(repository, tips.tags))
    await memory.remember({ ...after, tally: sum })
  }
  summarise(tally, known, terminal)
  if (shallow) {
    const more = options.new ? ', so nothing was remembered' : ''
    terminal.talk(`note: the clone is shallow; older commits were not looked at${more}\n`)
  }
  return exitCodeOf(worstOf(sum), 'fail')
}

/** Lines are what `jsonl` is; nothing that another format takes is loaded for them. */
async function printerFor(format: ObjectFormatName, terminal: Terminal): Promise<ObjectPrinter> {
  if (format === 'jsonl') return { some: (lines) => lines, end: () => '' }
  const { printObjects } = await import('../output/object-printer.ts')
  return printObjects(format, terminal)
}

async function readKeys(options: VerifyOptions): Promise<ReturnType<typeof readTrustRoots> & { trust: TrustMaterial }> {
  const trust = await readTrust(trustFilesOf(options))
  return { trust, ...readTrustRoots(trust) }
}

const KINDS: Readonly<Record<TrustProblem['kind'], string>> = {
  allowedSigners: 'allowed signers',
  keyrings: 'OpenPGP keyring',
  x509Roots: 'X.509 roots',
  revoked: 'SSH revocation list',
  logKeys: 'Rekor keys',
}

function noteOf({ kind, line, code, message }: TrustProblem): string {
  return `${KINDS[kind]}${line === null ? '' : ` line ${line}`} counts for nothing: ${message} (${code})`
}

function trustFilesOf(options: VerifyOptions): Parameters<typeof readTrust>[0] {
  const { allowedSigners = [], keyring = [], x509Roots = [], revoked = [], rekorKey = [] } = options
  return { allowedSigners, keyrings: keyring, x509Roots, revoked, logKeys: rekorKey }
}

function sumOf(before: Tally, more: Tally): Tally {
  const sum = { ...before }
  addTo(sum, more)
  return sum
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

function summarise(tally: Tally, known: Remembered, terminal: Terminal): void {
  const show = (counts: Tally, prefix: string): string =>
    Object.entries(counts)
      .filter(([key]) => key.startsWith(prefix))
      .sort(([, a], [, b]) => b - a)
      .map(([key, count]) => `${count} ${key.slice(prefix.length).replaceAll('_', ' ')}`)
      .join(', ') || 'nothing'
  terminal.talk(`verified: ${show(tally, 'verdict:')} (${show(tally, 'reason:')})\n`)
  if (known.commits.length > 0) terminal.talk(`verified before, not shown: ${show(known.tally, 'verdict:')}\n`)
}
