import type { ObjectType } from '@countersign/verify'
import type { GitObject } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'

const LF = 0x0a

/** What git writes at a time, and room for what the time before has left. */
const USUAL_BYTES = 256 * 1024

/**
 * Cuts the output of `git cat-file --batch` into objects: `<id> <type> <size>\n<body>\n`.
 *
 * `push` returns the objects that a chunk completes, in order; their bodies hold until the next `push`. Throws `Problem`
 * `objects_missing` for an id that git does not have and `git_failed` for output that is not of this form.
 */
export class ObjectFrames {
  // Chunks are copied here and let go of at once: kept while objects are checked, they grow old, and old ones pile up.
  #bytes = Buffer.allocUnsafeSlow(USUAL_BYTES)
  #start = 0
  #end = 0
  /** How much there must be before it is worth looking: a large object arrives in many chunks. */
  #wanted = 0

  push(chunk: Buffer): readonly GitObject[] {
    this.#append(chunk)
    return this.#end - this.#start < this.#wanted ? [] : this.#cut()
  }

  /** Throws `Problem` `git_failed` when the output ended within an object. */
  end(): void {
    if (this.#end > this.#start) throw new Problem('git_failed', 'git cat-file ended within an object')
  }

  #append(chunk: Buffer): void {
    const length = this.#end - this.#start
    const needed = length + chunk.length
    const isTooSmall = needed > this.#bytes.length
    if (isTooSmall || (needed <= USUAL_BYTES && this.#bytes.length > USUAL_BYTES)) {
      // Twice as much each time, or putting a large object together would be quadratic.
      const bytes = Buffer.allocUnsafeSlow(isTooSmall ? Math.max(needed, 2 * this.#bytes.length) : USUAL_BYTES)
      this.#bytes.copy(bytes, 0, this.#start, this.#end)
      this.#bytes = bytes
    } else this.#bytes.copyWithin(0, this.#start, this.#end)
    chunk.copy(this.#bytes, length)
    this.#start = 0
    this.#end = needed
  }

  #cut(): readonly GitObject[] {
    const objects: GitObject[] = []
    const bytes = this.#bytes.subarray(0, this.#end)
    this.#wanted = 0
    for (;;) {
      const lf = bytes.indexOf(LF, this.#start)
      if (lf === -1) return objects
      const { id, type, size } = parseHeader(bytes.toString('latin1', this.#start, lf))
      const end = lf + 1 + size
      if (end >= bytes.length) {
        this.#wanted = end + 1 - this.#start
        return objects
      }
      objects.push({ id, type, body: bytes.subarray(lf + 1, end) })
      this.#start = end + 1
    }
  }
}

function parseHeader(line: string): { readonly id: string; readonly type: ObjectType; readonly size: number } {
  const [id, type, size] = line.split(' ')
  if (type === 'missing' || type === 'ambiguous') throw new Problem('objects_missing', `git has no object ${id}`)
  if (id === undefined || !isObjectType(type) || size === undefined || !/^\d{1,15}$/.test(size)) {
    throw new Problem('git_failed', `git cat-file said "${line.slice(0, 100)}"`)
  }
  return { id, type, size: Number(size) }
}

/** Whether a word is one of Git's four types of object. */
export function isObjectType(type: string | undefined): type is ObjectType {
  return type === 'commit' || type === 'tag' || type === 'tree' || type === 'blob'
}
