import { CHANGE_DECISION, type Json, printable, type Verdict } from '@countersign/verify'
import { API_VERSION } from '../../api/documents.ts'
import { momentOf } from '../../judge/evidence-types/predicate-fields.ts'
import type { EvidenceLedger } from '../../workflows/evidence-ledger.ts'
import { type EvidenceWish, findEvidence } from '../../workflows/find-evidence.ts'
import { entryOfTerms } from '../../workflows/ledger-entry.ts'
import type { IndexedTerms } from '../../workflows/ports/evidence-log.ts'
import { Problem } from '../../workflows/problem.ts'
import { formatEntry } from '../output/change-rows.ts'
import { jsonText } from '../output/json-text.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { type ControlFilter, controlFilter } from './control-filter.ts'

/** The options of `countersign evidence list`, as the grammar reads them. Times are Unix seconds. */
export interface ListEvidenceOptions {
  readonly data?: string
  readonly digest?: string
  readonly subject?: string
  readonly type?: string
  readonly control?: string
  readonly source?: string
  readonly since?: number
  readonly until?: number
  readonly ref?: string
  readonly verdict?: Verdict
  readonly after?: number
  readonly limit?: number
  readonly output: 'table' | 'json' | 'jsonl'
}

/**
 * Lists evidence of every type in log order, each piece as it is found: nothing is held but in a list that is one JSON document. Where
 * `--limit` cut it off, standard error says where to go on.
 */
export function evidenceList(options: ListEvidenceOptions, terminal: Terminal): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const log = { find: (query: Parameters<EvidenceLedger['findAll']>[0]) => ledger.findAll(query) }
    const wish = { ...wishOf(options), controls: await controlsOf(options.control, ledger, terminal) }
    const { limit = Number.POSITIVE_INFINITY, output } = options
    const items: ReturnType<typeof documentOf>[] = []
    let [shown, last, isCut] = [0, -1, false]
    for await (const found of findEvidence(wish, log)) {
      if (!isWanted(found, options)) continue
      isCut = shown >= limit
      if (isCut) break
      shown += 1
      last = found.index
      if (output === 'json') items.push(documentOf(found))
      else await terminal.data(output === 'jsonl' ? `${jsonText(documentOf(found))}\n` : rowOf(found, terminal))
    }
    const next = isCut ? last : null
    if (output === 'json') {
      await terminal.data(`${jsonText({ apiVersion: API_VERSION, kind: 'List', items, next }, 2)}\n`)
    }
    const more = isCut ? `; more with --after ${last}` : ''
    terminal.talk(`${shown} of ${await ledger.size()}${more}\n`)
    return 0
  })
}

/** What is asked of the index. The limit is not: a decision may still be passed over for its verdict. */
function wishOf(options: ListEvidenceOptions): Omit<EvidenceWish, 'controls'> {
  const { digest, subject, type, source, since, until, after } = options
  return {
    ...(digest === undefined ? {} : { digest }),
    ...(type === undefined
      ? {}
      : { type: type.includes(':') ? type : `https://countersign.dev/attestation/${type}/v1` }),
    ...(source === undefined ? {} : { source }),
    ...(since === undefined ? {} : { recordedFrom: momentOf(since) }),
    ...(until === undefined ? {} : { recordedBefore: momentOf(until) }),
    ...(after === undefined ? {} : { after }),
    subjects: subject === undefined ? subjectsOfRef(options.ref) : subjectsOf(subject),
  }
}

/** The terms that a name may stand under: an object may have been a commit or a tag. */
function subjectsOf(subject: string): readonly string[] {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(subject)) return [`gitCommit:${subject}`, `gitTag:${subject}`]
  if (/^[a-zA-Z-]+:./.test(subject)) return [subject]
  throw new Problem('usage', '--subject takes a whole object id or kind:value, such as ref:refs/heads/main')
}

function subjectsOfRef(ref: string | undefined): readonly string[] | null {
  return ref === undefined ? null : [ref, `refs/heads/${ref}`, `refs/tags/${ref}`].map((name) => `ref:${name}`)
}

function isWanted({ index, terms }: IndexedTerms, { ref, verdict }: ListEvidenceOptions): boolean {
  const refs = subjectsOfRef(ref)
  if (refs !== null && !terms.subjects.some((subject) => refs.includes(subject))) return false
  return verdict === undefined || (terms.type === CHANGE_DECISION && entryOfTerms({ index, terms }).verdict === verdict)
}

/** The tags to look for; null where no control was named. How the control was read is told. */
async function controlsOf(
  text: string | undefined,
  ledger: EvidenceLedger,
  terminal: Terminal,
): Promise<readonly string[] | null> {
  if (text === undefined) return null
  const { tags, notes } = await filterOf(text, ledger)
  for (const note of notes) terminal.talk(`${note}\n`)
  return [...tags]
}

async function filterOf(text: string, ledger: EvidenceLedger): Promise<ControlFilter> {
  for await (const _ of ledger.findAll({ control: text, limit: 1 })) return controlFilter(text, new Set([text]))
  try {
    return controlFilter(text, new Set())
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'control_unknown')) throw cause
    // Only now is it worth while to read through everything for a control of the customer's own.
    const carried = new Set<string>()
    for await (const { terms } of ledger.findAll()) for (const tag of terms.controls) carried.add(tag)
    return controlFilter(text, carried)
  }
}

/** A decision tells its change and verdict beside what every piece of evidence is found by; the others have their summary. */
function documentOf({ index, terms }: IndexedTerms) {
  const { summary, ...found } = terms
  const told = terms.type === CHANGE_DECISION ? entryOfTerms({ index, terms }) : { summary: summary as Json }
  return { kind: 'Evidence', index, ...found, ...told } as const
}

function rowOf(found: IndexedTerms, terminal: Terminal): string {
  const { index, terms } = found
  if (terms.type === CHANGE_DECISION) return formatEntry(entryOfTerms(found), terminal)
  const type = terms.type.split('/').at(-2) ?? terms.type
  return `${String(index).padStart(6)} ${printable(type).padEnd(18)} ${printable(terms.subjects[0] ?? '')} ${terms.recordedAt}\n`
}
