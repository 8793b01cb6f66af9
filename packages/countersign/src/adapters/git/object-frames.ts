import type { ObjectType } from '@countersign/verify'
import type { GitObject } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'

const LF = 0x0a

/**
 * Cuts the output of `git cat-file --batch` into objects: `<id> <type> <size>\n<body>\n`.
 *
 * `push` returns the objects that a chunk completes, in order; bodies are views on the chunks where they lie in one. Throws `Problem`
 * `objects_missing` for an id that git does not have and `git_failed` for output that is not of this form.
 */
export class ObjectFrames {
  #left: Buffer = Buffer.alloc(0)
  #wanted = 0

  push(chunk: Buffer): readonly GitObject[] {
    // A large object arrives in many chunks: joining each time would be quadratic, so wait until enough is there.
    this.#parts.push(chunk)
    this.#partBytes += chunk.length
    if (this.#left.length + this.#partBytes < this.#wanted) return []
    const bytes =
      this.#left.length === 0 && this.#parts.length === 1 ? chunk : Buffer.concat([this.#left, ...this.#parts])
    this.#parts = []
    this.#partBytes = 0
    return this.#cut(bytes)
  }

  /** Throws `Problem` `git_failed` when the output ended within an object. */
  end(): void {
    if (this.#left.length + this.#partBytes > 0) throw new Problem('git_failed', 'git cat-file ended within an object')
  }

  #parts: Buffer[] = []
  #partBytes = 0

  #cut(bytes: Buffer): readonly GitObject[] {
    const objects: GitObject[] = []
    let at = 0
    for (;;) {
      const lf = bytes.indexOf(LF, at)
      if (lf === -1) break
      const header = parseHeader(bytes.toString('latin1', at, lf))
      const end = lf + 1 + header.size + 1
      if (end > bytes.length) {
        this.#wanted = end - at
        this.#left = bytes.subarray(at)
        return objects
      }
      objects.push({ id: header.id, type: header.type, body: bytes.subarray(lf + 1, end - 1) })
      at = end
    }
    this.#wanted = 0
    this.#left = bytes.subarray(at)
    return objects
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
