import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict } from '@countersign/verify'
import {
  initialisePolicy,
  now,
  openKeys,
  openLedger,
  openPolicies,
  openRepository,
  readFixedPolicy,
  readTrust,
} from '../../../wire.ts'
import { type CheckedChange, type CheckRequest, checkChanges } from '../../../workflows/check-changes.ts'
import type { EvidenceLedger } from '../../../workflows/evidence-ledger.ts'
import type { GitRepository } from '../../../workflows/ports/git-repository.ts'
import { Problem } from '../../../workflows/problem.ts'
import { paintVerdict } from '../../output/paint-verdict.ts'
import { startProgress } from '../../progress.ts'
import type { DemoPlaces } from './demo-places.ts'
import { faultsOf, formatJudged } from './judged-rows.ts'
import type { Page } from './page.ts'
import { showCheckpoint, showFsck } from './show-log.ts'

/** What to look at, and with which keys. */
export interface TourOptions {
  readonly repo: string
  readonly ref?: string
  readonly last: number
  readonly allowedSigners?: readonly string[]
  readonly keyring?: readonly string[]
  readonly x509Roots?: readonly string[]
  readonly revoked?: readonly string[]
  readonly progress: boolean
}

type Judging = Pick<CheckRequest, 'fixedPolicy' | 'refs'>

/** What a run of judgements adds up to. */
interface Sum {
  changes: number
  readonly verdicts: Map<Verdict, number>
  /** How often each fault was found, by `VERDICT RULE: REASON`, with some of the newest changes that have it. */
  readonly faults: Map<string, { readonly verdict: Verdict; readonly text: string; count: number; examples: string[] }>
  /** The newest changes, the oldest of them first. */
  newest: CheckedChange[]
}

const EXAMPLES = 3

/** The exit code of a fault of ours: a log that was written just now is not in order. */
const FAULT = 70

/** Does the main job to a repository without writing to it: everything that is made goes to the demo's own folder. */
export async function lookAround(options: TourOptions, places: DemoPlaces, page: Page): Promise<number> {
  const repository = await openRepository(options.repo)
  await page.block(page.terminal.paint('bold', `Countersign: ${await repository.name()}`))
  await page.block(`DEMO=${places.folder}`)
  const judging = await choosePolicy(repository, options, places, page)
  const ledger = await openLedger(places.data)
  try {
    const sum = await judgeAll(repository, judging, ledger, options, page)
    await showSum(sum, page)
    await showNewest(sum, options.last, page)
    await page.heading('4. The evidence')
    await page.prose(`${await ledger.size()} decisions are signed and in the log:`)
    await showCheckpoint(ledger, page)
    await page.block((await openKeys(places.data)).verifierKey)
  } finally {
    await ledger.close()
  }
  return (await showFsck(places.data, page)).length === 0 ? 0 : FAULT
}

/** The repository's own policy where HEAD holds one, else a first one with the people that the given keys belong to. */
async function choosePolicy(
  repository: GitRepository,
  options: TourOptions,
  places: DemoPlaces,
  page: Page,
): Promise<Judging> {
  await page.heading('1. A policy to judge by')
  const head = await repository.resolve('HEAD^{commit}')
  const [tree] = head === null ? [null] : await repository.entriesAt([head], '.countersign')
  const own = await (await openPolicies(repository)).at(tree ?? null)
  const named = options.ref === undefined ? null : [fullRef(options.ref)]
  if (own !== null) {
    await page.prose('HEAD holds .countersign/: each change is judged by the policy of its base commit.')
    return { fixedPolicy: null, refs: named }
  }
  const trust = await readTrust({
    allowedSigners: options.allowedSigners ?? [],
    keyrings: options.keyring ?? [],
    x509Roots: options.x509Roots ?? [],
    revoked: options.revoked ?? [],
  })
  const home = join(places.folder, 'policy')
  await mkdir(home)
  const { notes } = await initialisePolicy(home, trust)
  const policy = await readFixedPolicy(join(home, '.countersign'))
  const people = policy.bundle.identities.identities.length
  await page.prose(
    `HEAD holds no .countersign/, so a first policy stands in: every rule enforced, tickets only warned about, and ${people} ${people === 1 ? 'person' : 'people'} imported from the keys that were named.${people === 0 ? ' Nobody is trusted: --allowed-signers, --keyring and --x509-roots name keys.' : ''}`,
  )
  if (notes.length > 0)
    await page.prose(`${notes.length} parts of the key files belong to nobody in particular and were left out.`)
  const refs = await refsOf(repository, head, named)
  await page.prose(`Looked at: ${refs[0]} and ${refs.length - 1} tags. Nothing is written to the repository.`)
  return { fixedPolicy: policy, refs }
}

/** The branch that is named or checked out, and every tag. */
async function refsOf(
  repository: GitRepository,
  head: string | null,
  named: readonly string[] | null,
): Promise<readonly string[]> {
  const refs = await repository.refs()
  const tags = refs.filter(({ name }) => name.startsWith('refs/tags/')).map(({ name }) => name)
  if (named !== null) return [...named, ...tags]
  const here = refs
    .filter(({ name, object }) => name.startsWith('refs/heads/') && object === head)
    .map(({ name }) => name)
  const branch = ['refs/heads/main', 'refs/heads/master'].find((name) => here.includes(name)) ?? here[0]
  if (branch === undefined) throw new Problem('usage', 'no branch is checked out: name one with --ref NAME')
  return [branch, ...tags]
}

async function judgeAll(
  repository: GitRepository,
  judging: Judging,
  ledger: EvidenceLedger,
  options: TourOptions,
  page: Page,
): Promise<Sum> {
  const sum: Sum = { changes: 0, verdicts: new Map(), faults: new Map(), newest: [] }
  const progress = startProgress(page.terminal, 'changes judged', options.progress)
  const policies = await openPolicies(repository)
  const request = { ...judging, repository, policies, ledger, record: true, now: now(), recordedAt: now(), name: null }
  try {
    for await (const checked of checkChanges(request, progress.addTotal)) {
      progress.add(1)
      add(sum, checked, options.last)
    }
  } finally {
    progress.end()
  }
  return sum
}

function add(sum: Sum, checked: CheckedChange, last: number): void {
  const { verdict, change } = checked.decision
  sum.changes += 1
  sum.verdicts.set(verdict, (sum.verdicts.get(verdict) ?? 0) + 1)
  for (const fault of faultsOf(checked)) {
    const text = `${fault.rule}: ${fault.reason.replaceAll('_', ' ')}`
    const key = `${fault.verdict} ${text}`
    const before = sum.faults.get(key) ?? { verdict: fault.verdict, text, count: 0, examples: [] }
    before.count += 1
    before.examples = [change.object.slice(0, 10), ...before.examples].slice(0, EXAMPLES)
    sum.faults.set(key, before)
  }
  sum.newest.push(checked)
  if (sum.newest.length >= last + 1_000) sum.newest = newestOf(sum.newest, last)
}

function newestOf(judged: readonly CheckedChange[], count: number): CheckedChange[] {
  const time = ({ decision }: CheckedChange): number => Date.parse(decision.occurredAt ?? '') || 0
  return [...judged].sort((a, b) => time(a) - time(b)).slice(-count)
}

async function showSum({ changes, verdicts, faults }: Sum, page: Page): Promise<void> {
  const { terminal } = page
  await page.heading(`2. ${changes} changes judged`)
  const descending = [...verdicts].sort(([, a], [, b]) => b - a)
  await page.block(
    descending.map(([verdict, count]) => `${paintVerdict(verdict, terminal)}${String(count).padStart(8)}`).join('\n'),
  )
  if (faults.size === 0) return
  await page.prose('\nWhat was not in order, how often, and the newest examples:')
  const rows = [...faults.values()].sort((a, b) => b.count - a.count)
  await page.block(
    rows
      .map(
        ({ verdict, text, count, examples }) =>
          `${paintVerdict(verdict, terminal)}${String(count).padStart(8)}  ${text}\n${' '.repeat(26)}${examples.join(' ')}`,
      )
      .join('\n'),
  )
}

async function showNewest({ newest, changes }: Sum, last: number, page: Page): Promise<void> {
  const shown = newestOf(newest, last).reverse()
  await page.heading(`3. The newest ${shown.length} of ${changes}`)
  for (const checked of shown) await page.block(formatJudged(checked, null, page.terminal))
}

function fullRef(name: string): string {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`
}
