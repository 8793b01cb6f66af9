import { fromUtf8, parseCheckpoint, parseNote, sha256Hex, utf8 } from '@countersign/verify'
import { acceptEvidence, type IntakeParts } from './accept-evidence.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { Recipient } from './ports/recipient.ts'

/** What a recipient in this process is made of. */
export interface LocalRecipientParts extends IntakeParts {
  /** Where it keeps the checkpoints that it was shown, below `senders/`. */
  readonly objects: ObjectStore
}

/** A recipient that takes evidence into a log which is open here. */
export function localRecipient(parts: LocalRecipientParts): Recipient {
  const { log, blobs, objects } = parts
  return {
    missingEvidence: (digests) =>
      keptBy(digests, async (digest) => {
        for await (const _ of log.find({ digest, limit: 1 })) return false
        return true
      }),
    missingPayloads: (digests) => keptBy(digests, async (digest) => (await blobs.get(digest)) === null),
    accept: (deliveries) => acceptEvidence(deliveries, parts),
    lastSeen: async (origin) => {
      const bytes = await objects.get(pathOf(origin))
      return bytes === null ? null : fromUtf8(bytes)
    },
    see: async (origin, note) => {
      // Two who sync at once may have seen different sizes: the larger one says more.
      const before = await objects.get(pathOf(origin))
      if (before === null || sizeOf(fromUtf8(before)) < sizeOf(note)) await objects.replace(pathOf(origin), utf8(note))
    },
  }
}

/** An origin is any line of text; as a path its digest stands for it. */
function pathOf(origin: string): string {
  return `senders/${sha256Hex(utf8(origin))}/checkpoint`
}

function sizeOf(note: string): number {
  return parseCheckpoint(parseNote(note).text).size
}

async function keptBy(
  digests: readonly string[],
  isKept: (digest: string) => Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const kept = new Set<string>()
  for (const digest of digests) if (await isKept(digest)) kept.add(digest)
  return kept
}
