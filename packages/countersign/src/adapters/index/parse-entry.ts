import { VERDICTS } from '@countersign/verify'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'

/** The ledger entry that a text is the JSON of; null when it is none, whichever way. */
export function parseEntry(json: string): LedgerEntry | null {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return null
  }
  return isEntry(value) ? value : null
}

function isEntry(value: unknown): value is LedgerEntry {
  if (!isRecord(value) || !isRecord(value['change'])) return false
  const { index, digest, change, verdict, controls, policy, inputs, evaluatedAt, recordedAt } = value
  return (
    Number.isSafeInteger(index) &&
    [digest, inputs, evaluatedAt, recordedAt].every(isText) &&
    [change['kind'], change['repository'], change['ref'], change['object']].every(isText) &&
    [policy, change['base']].every((one) => one === null || isText(one)) &&
    VERDICTS.some((known) => known === verdict) &&
    Array.isArray(controls) &&
    controls.every(isText)
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
