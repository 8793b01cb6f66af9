import {
  buildDemo,
  type Demo,
  now,
  openKeys,
  openLedger,
  openPolicies,
  openRepository,
  type ToldChange,
} from '../../../wire.ts'
import type { CheckedChange } from '../../../workflows/check-changes.ts'
import { checkChanges } from '../../../workflows/check-changes.ts'
import type { EvidenceLedger } from '../../../workflows/evidence-ledger.ts'
import { replayDecisions } from '../../../workflows/replay-decisions.ts'
import { formatChange } from '../../output/change-rows.ts'
import { paintVerdict } from '../../output/paint-verdict.ts'
import type { DemoPlaces } from './demo-places.ts'
import { commitLetters, findDifferences, findOtherLetters } from './differences.ts'
import { formatJudged } from './judged-rows.ts'
import { provePacket } from './packet-step.ts'
import type { Page } from './page.ts'
import { showCheckpoint, showFsck } from './show-log.ts'

/** Tells the whole story on a page. Returns every way in which it came out otherwise than it must. */
export async function tellStory(places: DemoPlaces, page: Page): Promise<readonly string[]> {
  const demo = await buildDemo(places.folder)
  try {
    await introduce(demo, page)
    const ledger = await openLedger(places.data)
    const judged: CheckedChange[] = []
    const differences: string[] = []
    try {
      differences.push(...(await judgeFirst(demo, ledger, judged, places, page)))
      differences.push(...(await judgeAgain(demo, ledger, judged, places, page)))
      differences.push(...(await showEvidence(ledger, places, page)))
    } finally {
      await ledger.close()
    }
    await page.command(`npx countersign log fsck --data ${places.dataArgument}`)
    differences.push(...(await showFsck(places.data, page)))
    differences.push(...(await provePacket(places, page)))
    return differences
  } finally {
    await demo.close()
  }
}

async function introduce(demo: Demo, page: Page): Promise<void> {
  await page.heading('1. A repository with people, keys and a policy')
  await page.prose(
    'Made just now by git, ssh-keygen and gpg, with keys of its own. Nothing of your own configuration, keys or agents is used. It holds the manifests of a small shop, and .countersign/ says who is trusted and what is demanded: everything signed by known people, two of them for each change, release tags never moved.',
  )
  await page.block(
    [
      '  alice, bob   SSH keys        carol       an OpenPGP key',
      '  dave         an SSH key that expired a month before the story',
      '  forge-bot    a service, allowed to sign merges and nothing else',
    ].join('\n'),
  )
  await page.command('git -C $DEMO/estate log --graph --oneline --all')
  await page.prose(`${demo.firstAct.length} changes on main, release/1.0 and two tags wait to be judged.`)
}

async function judgeFirst(
  demo: Demo,
  ledger: EvidenceLedger,
  judged: CheckedChange[],
  places: DemoPlaces,
  page: Page,
): Promise<readonly string[]> {
  await page.heading('2. Every change is judged by the policy of its base commit')
  await page.command(`npx countersign check --repo $DEMO/estate --data ${places.dataArgument}`)
  const first = await judge(demo, ledger, demo.firstAct, page)
  judged.push(...first)
  const letters = commitLetters(first)
  const others = findOtherLetters(first, await demo.gitLetters(letters.map(([object]) => object)))
  await page.prose(
    `\nBeside git: its own letter (%G?) for these ${letters.length} commits, and the one found here without running git, ${others.length === 0 ? 'are the same' : 'DIFFER'}. A good signature is not yet a change that is in order.`,
  )
  const unsigned = first.find(({ decision }) =>
    decision.rules.some(({ explanation }) => explanation.reason === 'unsigned'),
  )
  if (unsigned !== undefined) {
    await page.prose(
      '\nEvery "no" says what was seen, what would pass, and who can bring that about. The hotfix in full:',
    )
    await page.block(formatChange(unsigned.decision, unsigned.entry, page.terminal))
  }
  return [...findDifferences(demo.firstAct, first), ...others]
}

async function judgeAgain(
  demo: Demo,
  ledger: EvidenceLedger,
  judged: CheckedChange[],
  places: DemoPlaces,
  page: Page,
): Promise<readonly string[]> {
  await page.heading('3. History changes behind our back, and the evidence remembers')
  const [, merge] = demo.firstAct
  await page.command('git tag --force --sign v1.0.0 main')
  await page.command(`git switch --force-create release/1.0 ${merge?.object.slice(0, 10)}`)
  await page.command(`npx countersign check --repo $DEMO/estate --data ${places.dataArgument}`)
  const expected = await demo.secondAct()
  const second = await judge(demo, ledger, expected, page)
  judged.push(...second)
  return findDifferences(expected, second)
}

async function judge(
  demo: Demo,
  ledger: EvidenceLedger,
  expected: readonly ToldChange[],
  page: Page,
): Promise<readonly CheckedChange[]> {
  const repository = await openRepository(demo.repository)
  const request = {
    repository,
    policies: await openPolicies(repository),
    fixedPolicy: null,
    refs: null,
    ledger,
    record: true,
    now: now(),
    recordedAt: now(),
    name: null,
  }
  const judged: CheckedChange[] = []
  for await (const checked of checkChanges(request, () => undefined)) {
    const told = expected[judged.length]?.told ?? null
    judged.push(checked)
    await page.block(formatJudged(checked, told, page.terminal))
  }
  return judged
}

async function showEvidence(ledger: EvidenceLedger, places: DemoPlaces, page: Page): Promise<readonly string[]> {
  await page.heading('4. Each decision is signed evidence in a log that only grows')
  const entries = await ledger.entries()
  const { length } = entries
  await page.prose(`${length} decisions are in-toto statements in signed envelopes, and leaves of one Merkle tree.`)
  await page.command(`npx countersign log checkpoint --data ${places.dataArgument}`)
  await showCheckpoint(ledger, page)
  await page.command(`npx countersign log key --data ${places.dataArgument}`)
  await page.block((await openKeys(places.data)).verifierKey)
  await page.command(`npx countersign replay --data ${places.dataArgument}`)
  const different: string[] = []
  for await (const { entry, same } of replayDecisions(ledger, entries, null)) {
    if (!same) different.push(`evidence ${entry.index} is decided otherwise when it is replayed`)
  }
  const { terminal } = page
  await page.block(
    `${paintVerdict(different.length === 0 ? 'pass' : 'fail', terminal)} made again from their sealed inputs: ${length - different.length} of ${length} the same, word for word`,
  )
  return different
}
