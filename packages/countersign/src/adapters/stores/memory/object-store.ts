import { equalBytes } from '@countersign/verify'
import { type ObjectStore, ObjectStoreError, type ObjectTerms } from '../../../workflows/ports/object-store.ts'
import { partsOfPath, partsOfPrefix } from '../object-path.ts'
import { retentionEnd } from '../object-terms.ts'

/** Keeps objects in memory for as long as the process lives. Honours retentions and holds; survives nothing. */
export function memoryObjects(): ObjectStore {
  const kept = new Map<string, KeptObject>()

  const requireUnlocked = (path: string): void => {
    const object = kept.get(path)
    if (object?.isHeld || (object?.retainUntil ?? 0) > Date.now()) {
      throw new ObjectStoreError('object_locked', `a retention or a hold keeps ${path}`)
    }
  }

  return {
    putOnce: async (path, bytes, terms = {}) => {
      partsOfPath(path)
      const present = kept.get(path)
      if (present !== undefined && !equalBytes(present.bytes, bytes)) {
        throw new ObjectStoreError('object_differs', `${path} holds other bytes`)
      }
      kept.set(path, withTerms(present ?? { bytes: Uint8Array.from(bytes), retainUntil: 0, isHeld: false }, terms))
    },
    replace: async (path, bytes) => {
      partsOfPath(path)
      requireUnlocked(path)
      kept.set(path, { bytes: Uint8Array.from(bytes), retainUntil: 0, isHeld: false })
    },
    get: async (path) => {
      partsOfPath(path)
      const object = kept.get(path)
      return object === undefined ? null : Uint8Array.from(object.bytes)
    },
    list: async function* (prefix) {
      const below = [...partsOfPrefix(prefix), ''].join('/')
      for (const path of [...kept.keys()].sort()) if (path.startsWith(below)) yield path
    },
    remove: async (path) => {
      partsOfPath(path)
      requireUnlocked(path)
      kept.delete(path)
    },
    hold: async (path, isHeld) => {
      partsOfPath(path)
      const object = kept.get(path)
      if (object === undefined) throw new ObjectStoreError('write_failed', `${path} is not there to be held`)
      kept.set(path, { ...object, isHeld })
    },
    close: async () => {},
  }
}

interface KeptObject {
  readonly bytes: Uint8Array
  /** Milliseconds since 1970; 0 without a retention. */
  readonly retainUntil: number
  readonly isHeld: boolean
}

/** A retention is only ever made longer, and only {@link ObjectStore.hold} lifts a hold. */
function withTerms(object: KeptObject, terms: ObjectTerms): KeptObject {
  return {
    ...object,
    retainUntil: Math.max(object.retainUntil, retentionEnd(terms)),
    isHeld: object.isHeld || terms.legalHold === true,
  }
}
