import { printable, type Verdict, worstVerdict } from '@countersign/verify'
import { API_VERSION, listOf } from '../../api/documents.ts'
import { momentOf, secondsOf } from '../../judge/evidence-types/predicate-fields.ts'
import { SOURCE_HEARTBEAT } from '../../judge/evidence-types/source-heartbeat.ts'
import type { Gap } from '../../judge/gaps/find-gaps.ts'
import type { HorizonWarning } from '../../judge/gaps/horizon.ts'
import { lossClockOf, type SourceMemory } from '../../judge/gaps/loss-clocks.ts'
import { sourceTerm } from '../../judge/intake/subject-terms.ts'
import { type DataParts, dataFolder, now, openData, openKeys } from '../../wire.ts'
import { type FoundGaps, findSourceGaps } from '../../workflows/find-gaps.ts'
import type { Receipt } from '../../workflows/ports/evidence-log.ts'
import { Problem } from '../../workflows/problem.ts'
import { recordBackfill, recordHeartbeat } from '../../workflows/record-heartbeat.ts'
import { exitCodeOf } from '../exit-code.ts'
import { jsonText } from '../output/json-text.ts'
import { paintVerdict } from '../output/paint-verdict.ts'
import type { Terminal } from '../terminal.ts'

/** The options that `countersign source heartbeat` and `backfill` share, as the grammar reads them. */
interface ObserveOptions {
  readonly data?: string
  readonly observer: string
  readonly at?: number
  readonly memory?: SourceMemory
}

/** The options of `countersign source heartbeat`. */
export interface HeartbeatOptions extends ObserveOptions {
  readonly since: number
  readonly within: number
}

/** The options of `countersign source backfill`. */
export interface BackfillOptions extends ObserveOptions {
  readonly from: number
  readonly to: number
  readonly found: number
}

/** The options of `countersign source gaps`. */
export interface GapOptions {
  readonly data?: string
  readonly from?: number
  readonly failOn: 'fail' | 'warn'
  readonly output: 'table' | 'json' | 'jsonl'
}

/** Records that a source is being observed; makes the log when there is none. */
export function sourceHeartbeat(
  { data, observer, since, within, ...options }: HeartbeatOptions,
  terminal: Terminal,
  [source = '']: readonly string[],
): Promise<number> {
  const beat = { source, observer, since, within, at: options.at ?? now(), memory: memoryOf(source, options.memory) }
  return recorded(data, terminal, (parts) => recordHeartbeat(beat, now(), parts))
}

/** Records that a source was asked afterwards. */
export function sourceBackfill(
  { data, observer, from, to, found, ...options }: BackfillOptions,
  terminal: Terminal,
  [source = '']: readonly string[],
): Promise<number> {
  const memory = memoryOf(source, options.memory)
  const backfill = { source, observer, from, to, found, at: options.at ?? now(), memory }
  return recorded(data, terminal, (parts) => recordBackfill(backfill, now(), parts))
}

/** As it was given, else as that kind of source is known to remember. */
function memoryOf(source: string, given: SourceMemory | undefined): SourceMemory {
  const after = lossClockOf(source)?.after
  if (given !== undefined) return given
  if (after === undefined || after === null || !('seconds' in after))
    throw new Problem('usage', `how far back ${printable(source)} can be asked is not known: name it with --memory`)
  return { kind: 'time', seconds: after.seconds }
}

async function recorded(
  data: string | undefined,
  terminal: Terminal,
  record: (parts: DataParts) => Promise<Receipt>,
): Promise<number> {
  return withData(data, terminal, null, async (parts) => {
    const { index, isDuplicate } = await record(parts)
    await terminal.data(`evidence ${index}${isDuplicate ? ', recorded before' : ''}\n`)
    return 0
  })
}

async function withData<T>(
  data: string | undefined,
  terminal: Terminal,
  require: ((folder: string) => Promise<unknown>) | null,
  work: (parts: DataParts) => Promise<T>,
): Promise<T> {
  await require?.(dataFolder(data))
  const parts = await openData(dataFolder(data), 'write', (text) => terminal.talk(`source: ${text}\n`))
  try {
    return await work(parts)
  } finally {
    await parts.log.close()
  }
}

/**
 * Finds and records where sources were not observed. Fails where something was not observed and is not backfilled; warns of what will be
 * forgotten, and of entries that cannot be read.
 */
export function sourceGaps(
  { data, from, failOn, output }: GapOptions,
  terminal: Terminal,
  [source]: readonly string[],
): Promise<number> {
  // Looking for gaps begins no log.
  return withData(data, terminal, openKeys, async (parts) => {
    const envelopeKeys = [parts.envelopeKey, ...(parts.senderKeys ?? [])]
    const begun = await beginningsOf(source, parts)
    const sources = source === undefined ? [...begun.keys()].sort() : [source]
    const verdicts: Verdict[] = []
    const items: ReturnType<typeof documentOf>[] = []
    for (const one of sources) {
      const found = await findSourceGaps(
        { source: one, from: from ?? begun.get(one) ?? now(), now: now() },
        { ...parts, envelopeKeys },
      )
      const verdict = verdictOf(found)
      verdicts.push(verdict)
      if (output === 'json') items.push(documentOf(one, verdict, found))
      if (output === 'jsonl') await terminal.data(`${jsonText(documentOf(one, verdict, found))}\n`)
      if (output === 'table') await terminal.data(rowsOf(one, verdict, found, terminal))
    }
    if (output === 'json') await terminal.data(`${jsonText(listOf(items), 2)}\n`)
    terminal.talk(`source gaps: ${sources.length} sources looked at\n`)
    return exitCodeOf(worstVerdict(verdicts), failOn)
  })
}

/** When each source, or the one that is named, had its first heartbeat: nobody had promised anything before that. */
async function beginningsOf(source: string | undefined, { log }: DataParts): Promise<ReadonlyMap<string, number>> {
  const begun = new Map<string, number>()
  const only = source === undefined ? {} : { subject: sourceTerm(source) }
  for await (const { terms } of log.find({ type: SOURCE_HEARTBEAT, ...only })) {
    const at = secondsOf(terms.occurredAt ?? terms.recordedAt)
    begun.set(terms.source, Math.min(at, begun.get(terms.source) ?? at))
  }
  return begun
}

/** A source that nobody has watched yet cannot be told anything of. */
function verdictOf({ observation, gaps, warnings, unreadable }: FoundGaps): Verdict {
  if (gaps.some(({ state, unobserved, lost }) => state === 'open' || unobserved.length > 0 || lost.length > 0))
    return 'fail'
  if (observation.lastAt === null) return 'indeterminate'
  return warnings.length > 0 || unreadable.length > 0 || observation.faults.length > 0 ? 'warn' : 'pass'
}

function documentOf(source: string, verdict: Verdict, { observation, gaps, warnings, unreadable }: FoundGaps) {
  return {
    ...({ apiVersion: API_VERSION, kind: 'SourceGaps' } as const),
    ...{ source, verdict, lastAt: timeOf(observation.lastAt), dueAt: timeOf(observation.dueAt) },
    gaps: gaps.map(({ from, to, state, backfilled, unobserved, lost }) => ({
      ...{ from: momentOf(from), to: timeOf(to), state },
      ...{ backfilled: backfilled.map(timesOf), unobserved: unobserved.map(timesOf), lost: lost.map(timesOf) },
    })),
    warnings: warnings.map((warning) => ({ code: warning.code, ...timesOf(warning), lossAt: timeOf(warning.lossAt) })),
    faults: observation.faults.map(({ code, at, observer }) => ({ code, at: momentOf(at), observer })),
    unreadable,
  }
}

function rowsOf(source: string, verdict: Verdict, found: FoundGaps, terminal: Terminal): string {
  const last = timeOf(found.observation.lastAt) ?? 'never'
  const head = `${paintVerdict(verdict, terminal)} ${printable(source)}, last heartbeat ${last}\n`
  const unreadable = found.unreadable.map((index) => `   evidence ${index} cannot be read and counts for nothing\n`)
  const faults = found.observation.faults.map(({ code, at }) => `   ${code} at ${momentOf(at)}\n`)
  return [head, ...found.gaps.map(gapRow), ...found.warnings.map(warningRow), ...faults, ...unreadable].join('')
}

function gapRow({ from, to, state, unobserved, lost }: Gap): string {
  const missing = (what: string, parts: Gap['lost']): string => {
    const seconds = parts.reduce((sum, part) => sum + part.to - part.from, 0)
    return seconds === 0 ? '' : `, ${seconds} s ${what}`
  }
  const end = timeOf(to) ?? 'now'
  return `   ${state.padEnd(10)} ${momentOf(from)} to ${end}${missing('unobserved', unobserved)}${missing('lost', lost)}\n`
}

function warningRow({ code, from, to, lossAt }: HorizonWarning): string {
  const loss = lossAt === null ? '' : `, forgotten from ${momentOf(lossAt)}`
  return `   ${code} ${momentOf(from)} to ${momentOf(to)}${loss}\n`
}

function timesOf({ from, to }: { readonly from: number; readonly to: number }) {
  return { from: momentOf(from), to: momentOf(to) }
}

function timeOf(unixSeconds: number | null): string | null {
  return unixSeconds === null ? null : momentOf(unixSeconds)
}
