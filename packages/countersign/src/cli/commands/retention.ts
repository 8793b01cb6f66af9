import { API_VERSION, listOf } from '../../api/documents.ts'
import { momentOf } from '../../judge/evidence-types/predicate-fields.ts'
import type { LegalHold } from '../../judge/retention/retention-policy.ts'
import { type DataParts, dataFolder, now, openData, openKeys, openRetention } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import { type PruneOutcome, type PruneRequest, prunePayloads } from '../../workflows/prune-payloads.ts'
import { jsonText } from '../output/json-text.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign evidence prune`, as the grammar reads them. */
export interface PruneOptions {
  readonly data?: string
  readonly by: string
  readonly dryRun?: true
  readonly erase?: readonly string[]
  readonly request?: string
  readonly finishAll?: true
  readonly output: 'table' | 'json' | 'jsonl'
}

/** The options of `countersign evidence hold`. */
export interface HoldOptions {
  readonly data?: string
  readonly why: string
  readonly by: string
  readonly subject?: readonly string[]
  readonly type?: readonly string[]
  readonly class?: readonly string[]
  readonly payload?: readonly string[]
  readonly since?: number
  readonly until?: number
}

/**
 * Removes payloads whose time is over, or those that a person asked for. Returns 3 where bytes are damaged, 1 where something that was asked
 * for by name is still there.
 */
export function evidencePrune(options: PruneOptions, terminal: Terminal): Promise<number> {
  const { data, output, dryRun } = options
  const erase = eraseOf(options)
  return withData(data, dryRun === true ? 'read' : 'write', terminal, async (parts) => {
    const policy = await (await openRetention(parts.objects)).policy()
    const request: PruneRequest = {
      ...{ policy, now: now(), by: options.by, erase },
      ...{ isRehearsal: dryRun === true, finishesAll: options.finishAll === true },
    }
    const envelopeKeys = [parts.envelopeKey, ...(parts.senderKeys ?? [])]
    const items: ReturnType<typeof documentOf>[] = []
    const counts = new Map<PruneOutcome['outcome'], number>()
    for await (const outcome of prunePayloads(request, { ...parts, envelopeKeys })) {
      counts.set(outcome.outcome, (counts.get(outcome.outcome) ?? 0) + 1)
      if (output === 'json') items.push(documentOf(outcome))
      else await terminal.data(output === 'jsonl' ? `${jsonText(documentOf(outcome))}\n` : rowOf(outcome))
    }
    if (output === 'json') await terminal.data(`${jsonText(listOf(items), 2)}\n`)
    const said = [...counts].map(([outcome, count]) => `${count} ${outcome.replaceAll('_', ' ')}`)
    terminal.talk(`evidence prune: ${said.join(', ') || 'nothing is due'}\n`)
    return exitOf(counts, erase !== null)
  })
}

function eraseOf({ erase, request }: PruneOptions): PruneRequest['erase'] {
  if ((erase === undefined) !== (request === undefined))
    throw new Problem('usage', '--erase and --request belong together')
  return erase === undefined || request === undefined ? null : { payloads: erase, request }
}

function exitOf(counts: ReadonlyMap<PruneOutcome['outcome'], number>, isAskedFor: boolean): number {
  if (counts.has('damaged')) return 3
  const isLeft = (['kept', 'locked', 'named_again', 'absent'] as const).some((outcome) => counts.has(outcome))
  return isAskedFor && isLeft ? 1 : 0
}

function documentOf(outcome: PruneOutcome) {
  return { apiVersion: API_VERSION, kind: 'PruneOutcome', ...outcome } as const
}

function rowOf(outcome: PruneOutcome): string {
  const more = 'why' in outcome ? ` ${outcome.why}` : 'size' in outcome ? ` ${outcome.size} bytes` : ''
  return `${outcome.payload} ${outcome.outcome.replaceAll('_', ' ')}${more}\n`
}

/** Places a hold, in force from now on. */
export function evidenceHold(options: HoldOptions, terminal: Terminal, [id = '']: readonly string[]): Promise<number> {
  const { why, by, subject, type, payload, since, until } = options
  const scope: LegalHold['scope'] = {
    ...(subject === undefined ? {} : { subjects: [...subject] }),
    ...(type === undefined ? {} : { types: [...type] }),
    ...(options.class === undefined ? {} : { classes: [...options.class] }),
    ...(payload === undefined ? {} : { payloads: [...payload] }),
    ...(since === undefined ? {} : { recordedFrom: momentOf(since) }),
    ...(until === undefined ? {} : { recordedBefore: momentOf(until) }),
  }
  return withData(options.data, 'read', terminal, async ({ objects }) => {
    const hold = { id, why, by, from: momentOf(now()), scope }
    await (await openRetention(objects)).place(hold)
    const held = Object.keys(scope).length === 0 ? 'every payload' : 'what its scope names'
    terminal.talk(`evidence hold: ${id} keeps ${held} until it is released\n`)
    return 0
  })
}

/** Ends a hold now. */
export function evidenceRelease(
  { data }: Pick<HoldOptions, 'data'>,
  terminal: Terminal,
  [id = '']: readonly string[],
): Promise<number> {
  return withData(data, 'read', terminal, async ({ objects }) => {
    const hold = await (await openRetention(objects)).release(id, momentOf(now()))
    terminal.talk(`evidence release: ${hold.id} ended at ${hold.until}\n`)
    return 0
  })
}

async function withData(
  data: string | undefined,
  mode: 'read' | 'write',
  terminal: Terminal,
  work: (parts: DataParts) => Promise<number>,
): Promise<number> {
  const folder = dataFolder(data)
  // None of this begins a log.
  await openKeys(folder)
  const parts = await openData(folder, mode, (text) => terminal.talk(`evidence: ${text}\n`))
  try {
    return await work(parts)
  } finally {
    await parts.log.close()
  }
}
