import { spawnSync } from 'node:child_process'
import type { Verdict } from '@countersign/verify'
import type { ChangeKind } from '../../judge/change.ts'
import { DemoHistory } from './demo-history.ts'
import { DEMO_PROGRAMS, type DemoHome, openDemoHome, requirePrograms, runProgram } from './demo-home.ts'
import { type DemoPeople, makePeople, setOpenPgpTime } from './demo-people.ts'
import { shopFiles } from './estate-files.ts'

/** One change of the story: what happened, and what must be said of it. */
export interface ToldChange {
  readonly ref: string
  readonly kind: ChangeKind
  readonly object: string
  /** What happened, as one plain sentence. */
  readonly told: string
  readonly verdict: Verdict
  /** Every rule that is not in order, as `RULE VERDICT REASON`. */
  readonly faults: readonly string[]
}

/** A repository whose story is known, made by the real programs. */
export interface Demo {
  readonly repository: string
  /** The public keys, as git itself is told them. */
  readonly trust: { readonly allowedSigners: string; readonly keyring: string }
  /** What `check` finds first. */
  readonly firstAct: readonly ToldChange[]
  /** Moves a tag and rewrites a branch; returns what `check` finds next. */
  secondAct(): Promise<readonly ToldChange[]>
  /** git's own `%G?` letter for each of these commits, by running git with the same keys. */
  gitLetters(commits: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Ends gpg-agent. The folder stays. */
  close(): Promise<void>
}

const MAIN = 'refs/heads/main'
const RELEASE = 'refs/heads/release/1.0'
const DAYS_AGO = 7

/**
 * Builds the demo's repository in an empty folder.
 *
 * Rejects with `Problem` `program_missing` before anything is made, and `git_failed` when git refuses.
 *
 * @param now Unix seconds; the story ends some days before it
 */
export async function buildDemo(folder: string, now: number): Promise<Demo> {
  requirePrograms(DEMO_PROGRAMS)
  const home = await openDemoHome(folder)
  const endAgent = (): void => void spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: home.environment })
  // Whatever ends the process, no agent stays behind; first of all, because its home may be about to go.
  process.prependOnceListener('exit', endAgent)
  const start = Math.floor(now / 3600) * 3600 - DAYS_AGO * 86_400
  const people = await makePeople(home, start)
  const history = new DemoHistory(home, people, start)
  const { firstMerge, told } = await playFirstAct(history, people)
  return {
    repository: home.estate,
    trust: { allowedSigners: people.allowedSigners, keyring: people.keyring },
    firstAct: told,
    secondAct: () => playSecondAct(history, firstMerge),
    gitLetters: (commits) => askGit(home, people, commits),
    close: async () => {
      process.removeListener('exit', endAgent)
      await runProgram(home, 'gpgconf', ['--kill', 'gpg-agent'])
      await setOpenPgpTime(home, null)
    },
  }
}

async function playFirstAct(
  history: DemoHistory,
  people: DemoPeople,
): Promise<{ readonly firstMerge: string; readonly told: readonly ToldChange[] }> {
  const { main, firstMerge, releasable } = await playMain(history, people)
  const release = await playRelease(history, firstMerge.object, main.slice(0, 2))
  const signed = await history.signTag('v1.0.0', releasable, { message: 'Shop 1.0.0', signer: 'alice' })
  await history.git('tag', 'v1.0.1', releasable)
  const tags: readonly ToldChange[] = [
    tell('refs/tags/v1.0.0', 'tag-created', signed, 'Alice signs release 1.0.0.', 'pass'),
    tell('refs/tags/v1.0.1', 'tag-created', releasable, 'Release 1.0.1 is only a name: nobody signed it.', 'fail', [
      'tags-signed fail lightweight_tag',
    ]),
  ]
  return { firstMerge: firstMerge.object, told: [...main, ...release, ...tags] }
}

async function playMain(
  history: DemoHistory,
  people: DemoPeople,
): Promise<{ main: readonly ToldChange[]; firstMerge: ToldChange; releasable: string }> {
  await history.git('init', '--quiet', '--initial-branch', 'main')
  const policy = [...people.files].map(([path, text]) => [`.countersign/${path}`, text] as const)
  const files = new Map([...policy, ...shopFiles({ image: '1.0.0-rc1', replicas: 2, memory: '128Mi' })])
  const first = await history.commit(files, { message: 'Introduce the shop and its policy, SHOP-1', signer: 'alice' })
  const merge = (shop: Parameters<typeof shopFiles>[0], written: [string, string, string?], signer: string) =>
    history.mergeTopic(
      'main',
      shopFiles(shop),
      { message: written[1], signer: written[0], ...(written[2] === undefined ? {} : { as: written[2] }) },
      { message: `Merge: ${written[1]}`, signer },
    )
  const clean = await merge({ image: '1.0.0', replicas: 2, memory: '128Mi' }, ['bob', 'Ship 1.0.0, SHOP-2'], 'alice')
  const carol = await merge({ image: '1.0.0', replicas: 3, memory: '128Mi' }, ['carol', 'Scale to 3, SHOP-3'], 'bob')
  const hotfix = await history.commit(shopFiles({ image: '1.0.0', replicas: 3, memory: '512Mi' }), {
    message: 'Hotfix',
    signer: null,
  })
  const dave = await merge({ image: '1.0.0', replicas: 4, memory: '512Mi' }, ['dave', 'Scale to 4, SHOP-4'], 'alice')
  const self = await merge({ image: '1.1.0', replicas: 4, memory: '512Mi' }, ['alice', 'Ship 1.1.0, SHOP-5'], 'alice')
  const bot = await merge({ image: '1.1.1', replicas: 4, memory: '512Mi' }, ['bob', 'Ship 1.1.1, SHOP-6'], 'forge-bot')
  const other = await merge(
    { image: '1.1.1', replicas: 9, memory: '512Mi' },
    ['alice', 'Scale to 9, SHOP-7', 'bob'],
    'carol',
  )
  const firstMerge = tell(MAIN, 'merge', clean, 'Bob writes, Alice merges, both sign with SSH keys.', 'pass')
  const unseen = 'separation-of-duties indeterminate second_person_not_visible'
  return {
    releasable: carol,
    firstMerge,
    main: [
      tell(MAIN, 'initial', first, 'Alice introduces the policy. Before it, nothing was demanded.', 'not_applicable'),
      firstMerge,
      tell(MAIN, 'merge', carol, 'Carol writes and signs with OpenPGP, Bob merges.', 'pass'),
      tell(MAIN, 'direct', hotfix, 'A hotfix that nobody signed, pushed straight to main.', 'fail', [
        'commits-signed fail unsigned',
        'ticket-referenced warn ticket_missing',
        unseen,
      ]),
      tell(MAIN, 'merge', dave, "Dave writes; his key expired a month before. git's letter is still G.", 'fail', [
        'commits-signed fail key_no_longer_valid',
        unseen,
      ]),
      tell(MAIN, 'merge', self, 'Alice merges what she wrote herself.', 'fail', [
        'separation-of-duties fail self_merge',
      ]),
      tell(MAIN, 'merge', bot, 'Bob writes, the forge merges with its own key: who approved?', 'indeterminate', [
        unseen,
      ]),
      tell(MAIN, 'merge', other, "Alice signs a commit in Bob's name. git's letter is G.", 'fail', [
        'signer-is-committer fail committer_is_not_signer',
      ]),
    ],
  }
}

async function playRelease(
  history: DemoHistory,
  firstMerge: string,
  before: readonly ToldChange[],
): Promise<readonly ToldChange[]> {
  await history.git('branch', '--quiet', 'release/1.0', firstMerge)
  const backport = await mergeRelease(history, '1.0.2', ['bob', 'carol'], 'SHOP-8')
  await history.git('switch', '--quiet', 'main')
  return [
    ...before.map((change) => ({ ...change, ref: RELEASE, told: `As on main: ${change.told}` })),
    tell(RELEASE, 'merge', backport, 'Bob writes a backport, Carol merges.', 'pass'),
  ]
}

async function playSecondAct(history: DemoHistory, firstMerge: string): Promise<readonly ToldChange[]> {
  await history.git('switch', '--quiet', '--force-create', 'release/1.0', firstMerge)
  const instead = await mergeRelease(history, '1.0.3', ['carol', 'bob'], 'SHOP-9')
  await history.git('switch', '--quiet', 'main')
  const moved = await history.signTag('v1.0.0', MAIN, { message: 'Shop 1.0.0 again', signer: 'alice' })
  return [
    tell(RELEASE, 'history-rewritten', instead, 'A forced push drops the backport.', 'fail', [
      'history-kept fail history_rewritten',
    ]),
    tell(RELEASE, 'merge', instead, 'What came in its place is in order by itself.', 'pass'),
    tell(
      'refs/tags/v1.0.0',
      'tag-moved',
      moved,
      'The tag v1.0.0 moves to another commit, signed all the same.',
      'fail',
      ['tags-immutable fail tag_moved'],
    ),
  ]
}

function mergeRelease(
  history: DemoHistory,
  image: string,
  [writer, approver]: readonly [string, string],
  ticket: string,
): Promise<string> {
  return history.mergeTopic(
    'release/1.0',
    shopFiles({ image, replicas: 2, memory: '128Mi' }),
    { message: `Ship ${image}, ${ticket}`, signer: writer },
    { message: `Merge: ship ${image}, ${ticket}`, signer: approver },
  )
}

function tell(
  ref: string,
  kind: ChangeKind,
  object: string,
  told: string,
  verdict: Verdict,
  faults: readonly string[] = [],
): ToldChange {
  return { ref, kind, object, told, verdict, faults }
}

async function askGit(
  home: DemoHome,
  people: DemoPeople,
  commits: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const trusting = ['-c', `gpg.ssh.allowedSignersFile=${people.allowedSigners}`]
  const args = [...trusting, 'log', '--no-walk=unsorted', '--format=%H %G?', '--stdin']
  const said = await runProgram(home, 'git', args, { input: `${commits.join('\n')}\n` })
  return new Map(said.split('\n').map((line) => [line.slice(0, -2), line.slice(-1)]))
}
