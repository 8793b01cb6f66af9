import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, makeDemoFolder, requireDemoPrograms } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import type { Terminal } from '../terminal.ts'
import type { DemoPlaces } from './demo/demo-places.ts'
import { openPage, type Page } from './demo/page.ts'
import { tellStory } from './demo/story.ts'
import { lookAround } from './demo/tour.ts'

/** The options of `countersign demo`, as the grammar reads them. */
export interface DemoOptions {
  readonly repo?: string
  readonly ref?: string
  readonly last: number
  readonly allowedSigners?: readonly string[]
  readonly keyring?: readonly string[]
  readonly x509Roots?: readonly string[]
  readonly revoked?: readonly string[]
  readonly data?: string
  readonly clean?: true
  readonly progress: boolean
}

/** The exit code of a fault of ours: the story did not come out as it must. */
const FAULT = 70
const TERMINATED = 143

/**
 * Shows the main job from end to end: on a small repository made for it, or read-only on the one that `--repo` names.
 *
 * Returns 0, or 70 when the story came out otherwise than it must. It is no gate: that is `countersign check`.
 */
export async function demo(options: DemoOptions, terminal: Terminal): Promise<number> {
  const { repo } = options
  const trustGiven = [options.allowedSigners, options.keyring, options.x509Roots, options.revoked, options.ref]
  if (repo === undefined && trustGiven.some((given) => given !== undefined)) {
    throw new Problem('usage', 'keys and refs are for a repository of yours: name it with --repo DIR')
  }
  if (repo === undefined) await requireDemoPrograms()
  // They hold real evidence, as COUNTERSIGN_DATA does; a demo keeps everything in its folder.
  for (const name of ['COUNTERSIGN_STORE', 'COUNTERSIGN_OBJECTS']) process.env[name] = ''
  const page = openPage(terminal)
  const folder = await makeDemoFolder()
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  // Only a demo that came to its end leaves something to look at; a signal alone would end it without this.
  process.once('exit', remove)
  process.once('SIGTERM', () => process.exit(TERMINATED))
  const places = placesOf(folder, options.data)
  const code = repo === undefined ? await tell(places, page) : await lookAround({ ...options, repo }, places, page)
  if (options.clean) {
    remove()
    await page.prose('\nThe folder of this demo is gone again, as --clean asked.')
  } else {
    await sayWhere(places, repo ?? null, page)
  }
  process.removeListener('exit', remove)
  return code
}

function placesOf(folder: string, data: string | undefined): DemoPlaces {
  // COUNTERSIGN_DATA holds real evidence: what is shown here goes there only when it is asked for by name.
  if (data === undefined) return { folder, data: join(folder, 'data'), dataArgument: '$DEMO/data' }
  return { folder, data: dataFolder(data), dataArgument: dataFolder(data) }
}

async function tell(places: DemoPlaces, page: Page): Promise<number> {
  await page.block(page.terminal.paint('bold', 'Countersign: from a Git history to evidence that anybody can prove'))
  await page.block(`DEMO=${places.folder}`)
  const differences = await tellStory(places, page)
  for (const difference of differences) page.terminal.talk(`the story came out otherwise: ${difference}\n`)
  if (differences.length > 0) return FAULT
  await page.prose('\nEvery verdict and every reason above is what the story must lead to; any other ends with 70.')
  return 0
}

async function sayWhere({ folder, dataArgument }: DemoPlaces, repo: string | null, page: Page): Promise<void> {
  const isOwn = repo === null
  await page.heading('What is where, and what to try next')
  await page.block(`DEMO=${folder}`)
  await page.block(isOwn ? OWN_PLACES : TOUR_PLACES)
  await page.command(`npx countersign change list --verdict fail --data ${dataArgument}`)
  await page.command(`npx countersign explain --data ${dataArgument}`)
  await page.command(`npx countersign evidence list --control CC8.1 --data ${dataArgument}`)
  for (const command of isOwn ? AFTER_STORY : afterTour(repo)) await page.command(command)
  const others = dataArgument.startsWith('$') ? '' : ` (the evidence in ${dataArgument} stays)`
  await page.prose(`\nNothing of yours was touched. To remove it all${others}:`)
  await page.command(`rm -rf ${folder}`)
}

const OWN_PLACES = `  estate/  the repository            keys/    throw-away keys, private ones too
  data/    log, evidence, its keys   packet/  what an auditor gets   pinned/  keys to check it with`

const TOUR_PLACES = '  data/    log, evidence, its keys   policy/  the policy that stood in, where there was none'

const AFTER_STORY: readonly string[] = [
  'npx countersign verify --repo $DEMO/estate --all --allowed-signers $DEMO/keys/allowed_signers --keyring $DEMO/keys/keyring.asc',
  'npx countersign demo --repo DIR --allowed-signers FILE   # the same on your own, read-only',
]

function afterTour(repo: string): readonly string[] {
  return [
    `npx countersign init --repo ${repo} --allowed-signers FILE   # a policy of your own`,
    `npx countersign check --repo ${repo}   # the gate, with an exit code`,
  ]
}
