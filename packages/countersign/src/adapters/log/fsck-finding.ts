import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'

/**
 * Something that is wrong with what a log has published, and the file that it is wrong with, by its path.
 *
 * - `checkpoint_refused`: absent, malformed, of another log or not signed by it; nothing else can then be checked
 * - `missing`, `unreadable`, `malformed`: a tile or bundle that must be there and be whole
 * - `differs`: it contradicts the signed tree
 * - `stray`: no file of a log
 * - `beyond_checkpoint`: a tile that no checkpoint covers: what a crash leaves until the log is next opened for writing
 */
export interface Finding {
  readonly file: string
  readonly code:
    | 'checkpoint_refused'
    | 'missing'
    | 'unreadable'
    | 'malformed'
    | 'differs'
    | 'stray'
    | 'beyond_checkpoint'
  readonly message: string
}

/** Reads a file of the log, or says what is wrong with it. */
export type FileReader = (
  file: string,
) => Promise<{ readonly bytes: Uint8Array } | { readonly bytes: null; readonly finding: Finding }>

export function fileReader(objects: ObjectStore): FileReader {
  return async (file) => {
    try {
      const bytes = await objects.get(file)
      return bytes === null ? { bytes, finding: { file, code: 'missing', message: 'no such file' } } : { bytes }
    } catch (error) {
      if (!(error instanceof ObjectStoreError)) throw error
      return { bytes: null, finding: { file, code: 'unreadable', message: `cannot be read: ${error.message}` } }
    }
  }
}
