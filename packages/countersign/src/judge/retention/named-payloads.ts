import { EVIDENCE_REFERENCE, type Json, type Statement } from '@countersign/verify'
import { PAYLOAD_PRUNED } from '../evidence-types/payload-pruned.ts'

const DIGEST = /^[0-9a-f]{64}$/

/**
 * The payloads that a statement may name: every text in its predicate that looks like a SHA-256, each once. No knowledge of the type is
 * needed, so that a type which this version does not know keeps its payloads too. A tombstone names what it removed, and keeps nothing.
 */
export function payloadsNamedBy({ predicateType, predicate }: Statement): ReadonlySet<string> {
  const found = new Set<string>()
  if (predicateType !== PAYLOAD_PRUNED) collect(predicate, found)
  return found
}

/** The envelope that stands elsewhere because it is too long for the log; null for a statement that is whole. */
export function envelopeNamedBy({ predicateType, predicate }: Statement): string | null {
  if (predicateType !== EVIDENCE_REFERENCE) return null
  const { envelope } = predicate
  const sha256 = isObject(envelope) ? envelope['sha256'] : undefined
  return typeof sha256 === 'string' && DIGEST.test(sha256) ? sha256 : null
}

function collect(value: Json, found: Set<string>): void {
  const waiting: Json[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop() as Json
    if (typeof next === 'string') {
      if (DIGEST.test(next)) found.add(next)
    } else if (typeof next === 'object' && next !== null) {
      for (const member of Object.values(next)) waiting.push(member)
    }
  }
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
