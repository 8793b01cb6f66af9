import { timingSafeEqual } from 'node:crypto'
import type { Json } from '@countersign/verify'
import type { EvidenceTerms, IndexedTerms } from '../../workflows/ports/evidence-log.ts'
import { type KnownEvidence, type LogRow, type LogStore, LogStoreError } from '../../workflows/ports/log-store.ts'
import { type Hmac, hmacSha256 } from './hmac-sha256.ts'

/**
 * The same store with an HMAC-SHA256 over the place and the terms of every row, kept in the row's summary: whoever can write the
 * store and lacks the key cannot make a row that is believed. What was forged is refused with {@link LogStoreError} `store_corrupt`.
 *
 * That a row is not found at all is beyond it; `log fsck` finds that.
 */
export function sealTerms(store: LogStore, key: Uint8Array): LogStore {
  const hmac = hmacSha256(key)
  const open = ({ index, terms }: IndexedTerms): IndexedTerms => {
    const own = isSealed(terms.summary) ? { ...terms, summary: terms.summary.summary } : null
    const mac = isSealed(terms.summary) ? Buffer.from(terms.summary.mac, 'hex') : null
    if (
      own !== null &&
      mac?.length === MAC_BYTES &&
      timingSafeEqual(mac, Buffer.from(macOf(index, own, hmac), 'hex'))
    ) {
      return { index, terms: own }
    }
    throw new LogStoreError('store_corrupt', `the index of evidence ${index} was changed by somebody else`)
  }
  const isBelieved = async ({ index, digest, idempotencyKey }: KnownEvidence): Promise<boolean> => {
    for await (const found of store.find({ after: index - 1, limit: 1 })) {
      const { terms } = open(found)
      return found.index === index && terms.digest === digest && terms.idempotencyKey === idempotencyKey
    }
    return false
  }
  return {
    head: () => store.head(),
    begin: (empty) => store.begin(empty),
    commit: (commit) => store.commit({ ...commit, rows: commit.rows.map((row) => sealRow(row, hmac)) }),
    known: async (digests, keys) => {
      const known = await store.known(digests, keys)
      for (const one of known) {
        if (await isBelieved(one)) continue
        throw new LogStoreError('store_corrupt', `the index of evidence ${one.index} was changed by somebody else`)
      }
      return known
    },
    entries: (from, to) => store.entries(from, to),
    leafHashes: (from, to) => store.leafHashes(from, to),
    async *find(query) {
      for await (const found of store.find(query)) yield open(found)
    },
    close: () => store.close(),
  }
}

const MAC_BYTES = 32

interface Sealed {
  readonly mac: string
  readonly summary: Json
}

function sealRow(row: LogRow, hmac: Hmac): LogRow {
  const sealed = { mac: macOf(row.index, row.terms, hmac), summary: row.terms.summary }
  return { ...row, terms: { ...row.terms, summary: sealed } }
}

function macOf(index: number, terms: EvidenceTerms, hmac: Hmac): string {
  const { digest, idempotencyKey, type, subjects, controls, source, occurredAt, recordedAt, retention, summary } = terms
  const said = [index, digest, idempotencyKey, type, subjects, controls, source, occurredAt, recordedAt, retention]
  return hmac(JSON.stringify([...said, summary]))
}

function isSealed(summary: unknown): summary is Sealed {
  return typeof summary === 'object' && summary !== null && 'mac' in summary && typeof summary.mac === 'string'
}
