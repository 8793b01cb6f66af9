import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChangeDecision, Verdict } from '@countersign/verify'
import type { FleetHome } from './fleet-home.ts'

/** How Countersign judged one change. */
export interface JudgedChange {
  /** The short name of the ref. */
  readonly ref: string
  readonly kind: string
  readonly object: string
  readonly verdict: Verdict
  /** Every rule that is not in order, as `RULE VERDICT REASON`. */
  readonly faults: readonly string[]
  /** What the signature of each commit and tag of the change proved to be. */
  readonly signatures: readonly { readonly object: string; readonly status: string }[]
}

/** One run of `countersign check`. */
export interface Judgement {
  readonly code: number
  readonly changes: readonly JudgedChange[]
  readonly talk: string
}

const BIN = fileURLToPath(new URL('../../packages/countersign/bin/countersign.js', import.meta.url))

/**
 * Clones what a server serves and runs `countersign check` over it, from source, in a process of its own.
 *
 * @param data the folder for evidence, so that a second run sees only what is new; a new one when not given
 */
export async function judgeHistory(home: FleetHome, url: string, data?: string): Promise<Judgement> {
  const folder = await mkdtemp(join(home.folder, 'judge-'))
  const repository = join(folder, 'repository.git')
  await home.run('git', ['clone', '--quiet', '--mirror', url, repository])
  // The address holds a token: the evidence must not.
  const named = ['--name', new URL(url).pathname.replace(/^\//, '')]
  const where = ['--repo', repository, '--data', data ?? join(folder, 'data'), ...named]
  const { code, out, err } = await runCountersign(['check', ...where, '-o', 'json', '--no-progress'])
  if (out === '') throw new Error(`countersign check judged nothing and ended with ${code}: ${err.trim()}`)
  return { code, changes: changesOf(JSON.parse(out)), talk: err }
}

/** Runs the command line from source, in a process of its own. */
export function runCountersign(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, COUNTERSIGN_DATA: '', NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
}

function changesOf(list: {
  readonly items: readonly { readonly decision: ChangeDecision }[]
}): readonly JudgedChange[] {
  return list.items.map(({ decision: { change, verdict, rules, signatures } }) => ({
    ref: change.ref.replace(/^refs\/(?:heads|tags)\//, ''),
    kind: change.kind,
    object: change.object,
    verdict,
    faults: rules
      .filter((rule) => rule.verdict !== 'pass' && rule.verdict !== 'not_applicable')
      .map((rule) => `${rule.rule} ${rule.verdict} ${rule.explanation.reason}`),
    signatures: signatures.map(({ object, status }) => ({ object, status })),
  }))
}
