import { BytesError, fromUtf8, utf8 } from '@countersign/verify'
import { LegalHold, RetentionPolicy } from '../../judge/retention/retention-policy.ts'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'
import { Problem } from '../../workflows/problem.ts'
import { readRetention } from './read-retention.ts'

/** How long a data folder keeps evidence: `retention.yaml`, where there is one, and a file for each hold that was placed by command. */
export interface RetentionFiles {
  /** Classes and holds together. Rejects with `Problem` `policy_malformed`, also where one hold cannot be read: it may keep anything. */
  policy(): Promise<RetentionPolicy>
  /** Places a hold; durable when it settles. Rejects with `policy_malformed`, and with `already_there` when another has its id. */
  place(hold: LegalHold): Promise<void>
  /** Gives a hold an end and returns it. Rejects with `hold_not_found` for one that no command placed. */
  release(id: string, until: string): Promise<LegalHold>
}

const POLICY_FILE = 'retention.yaml'
const EMPTY = { apiVersion: 'countersign.dev/v1', kind: 'Retention' } as const

export function retentionFiles(objects: ObjectStore): RetentionFiles {
  const placed = async (): Promise<readonly LegalHold[]> => {
    const holds: LegalHold[] = []
    for await (const path of objects.list('holds')) holds.push(readHold(path, (await objects.get(path)) ?? utf8('')))
    return holds
  }
  const policyWith = async (more: readonly LegalHold[]): Promise<RetentionPolicy> => {
    const bytes = await objects.get(POLICY_FILE)
    const written = bytes === null ? RetentionPolicy.parse(EMPTY) : readRetention(POLICY_FILE, bytes)
    const parsed = RetentionPolicy.safeParse({ ...written, holds: [...written.holds, ...(await placed()), ...more] })
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new Problem('policy_malformed', `holds: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  return {
    policy: () => policyWith([]),
    place: async (hold) => {
      const checked = parseHold(`the hold ${hold.id}`, hold)
      const { holds } = await policyWith([])
      if (holds.some(({ id }) => id === checked.id)) throw new Problem('already_there', `there is a hold ${checked.id}`)
      await policyWith([checked])
      await objects.putOnce(pathOf(checked.id), bytesOf(checked)).catch((cause: unknown) => {
        if (!(cause instanceof ObjectStoreError && cause.code === 'object_differs')) throw cause
        throw new Problem('already_there', `there is a hold ${checked.id}`, { cause })
      })
    },
    release: async (id, until) => {
      const hold = (await placed()).find((one) => one.id === id)
      if (hold === undefined) throw new Problem('hold_not_found', `no command placed a hold of that name`)
      // Lifting it again must not lengthen it.
      if (hold.until !== undefined && Date.parse(hold.until) <= Date.parse(until)) return hold
      const released = { ...hold, until }
      await objects.replace(pathOf(id), bytesOf(released))
      return released
    },
  }
}

function pathOf(id: string): string {
  return `holds/${id}.json`
}

function bytesOf(hold: LegalHold): Uint8Array {
  return utf8(`${JSON.stringify(hold, null, 2)}\n`)
}

function readHold(path: string, bytes: Uint8Array): LegalHold {
  try {
    const hold = parseHold(path, JSON.parse(fromUtf8(bytes)))
    if (pathOf(hold.id) === path) return hold
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof BytesError)) throw cause
  }
  throw new Problem('policy_malformed', `${path} is no hold of that name`)
}

function parseHold(what: string, value: unknown): LegalHold {
  const parsed = LegalHold.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Problem('policy_malformed', `${what}: ${issue?.path.join('.')}: ${issue?.message}`)
}
