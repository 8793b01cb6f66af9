import { leafHash, sha256, sha256Hex, utf8 } from '@countersign/verify'
import type { EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import type { LogCommit, LogHead, LogRow } from '../../workflows/ports/log-store.ts'

/** The head of a log of some size, on a branch of history that goes by a name. A store looks into neither root nor edge. */
export function headOf(size: number, branch = 'main'): LogHead {
  const root = sha256(utf8(`root ${branch} ${size}`))
  return plainHead({ origin: 'example.com/contract', size, root, edge: utf8(`edge ${branch} ${size}`) })
}

/** A head with its bytes as what they hold, so that views and copies of the same bytes are equal. */
export function plainHead<Head extends LogHead | null>(head: Head): Head {
  return head && { ...head, root: Uint8Array.from(head.root), edge: Uint8Array.from(head.edge) }
}

export function termsOf(name: string, change: Partial<EvidenceTerms> = {}): EvidenceTerms {
  return {
    digest: sha256Hex(utf8(name)),
    idempotencyKey: null,
    type: 'https://example.com/decision/v1',
    subjects: [`change:${name}`],
    controls: ['soc2@2017:CC8.1'],
    source: 'test',
    occurredAt: null,
    recordedAt: '2026-03-01T00:00:00Z',
    retention: 'standard',
    summary: { name },
    ...change,
  }
}

export function rowOf(index: number, terms: EvidenceTerms): LogRow {
  const entry = utf8(`entry ${terms.digest}`)
  return { index, entry, leafHash: leafHash(entry), terms }
}

/** The commit that brings a log of some size one row for each of the terms further. */
export function commitOf(size: number, terms: readonly EvidenceTerms[], change: Partial<LogCommit> = {}): LogCommit {
  const rows = terms.map((one, at) => rowOf(size + at, one))
  return { from: headOf(size), to: headOf(size + terms.length), rows, fence: null, ...change }
}

/** Everything that an async iterable gives. */
export async function allOf<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
