import { latin1, toHex } from '../bytes/encoding.ts'
import { GitObjectError } from './git-object-error.ts'
import type { ObjectFormat } from './object-id.ts'

/** One entry of a tree; the name is bytes, because Git gives it no encoding. */
export interface TreeEntry {
  /** Octal text, without a zero in front: `100644`, `100755`, `120000`, `160000`, `40000`. */
  readonly mode: string
  readonly name: Uint8Array
  readonly object: string
}

const SPACE = 0x20
const ID_BYTES = { sha1: 20, sha256: 32 } as const

/**
 * Parses a tree body: `mode SP name NUL id`, repeated.
 *
 * Throws {@link GitObjectError} `bad_tree` for an entry that is cut short, has no name, holds a slash, is `.`, `..` or
 * `.git`, or is out of Git's order, so that nobody can hide an entry behind another (git `fsck.c`, `fsck_tree`).
 */
export function parseTree(body: Uint8Array, format: ObjectFormat): readonly TreeEntry[] {
  const entries: TreeEntry[] = []
  let at = 0
  let previous: Uint8Array | null = null
  const names = new Set<string>()
  while (at < body.length) {
    const space = body.indexOf(SPACE, at)
    const nul = space === -1 ? -1 : body.indexOf(0, space)
    const end = nul + 1 + ID_BYTES[format]
    if (nul === -1 || end > body.length) throw new GitObjectError('bad_tree', `an entry at byte ${at} is cut short`)
    // Old tools wrote a zero before the mode of a folder, and such trees are in many histories (git fsck: zeroPaddedFilemode).
    const mode = latin1(body.subarray(at, space)).replace(/^0/, '')
    if (!/^[1-7][0-7]{4,5}$/.test(mode))
      throw new GitObjectError('bad_tree', `an entry at byte ${at} has no octal mode`)
    const name = body.subarray(space + 1, nul)
    refuseName(name, names)
    const key = sortKey(name, mode)
    if (previous !== null && Buffer.compare(previous, key) >= 0) {
      throw new GitObjectError('bad_tree', `the entry at byte ${at} is out of order or repeated`)
    }
    entries.push({ mode, name, object: toHex(body.subarray(nul + 1, end)) })
    previous = key
    at = end
  }
  return entries
}

function refuseName(name: Uint8Array, before: Set<string>): void {
  const text = latin1(name)
  // Order alone does not show it: `a.b` sorts between a file and a folder that are both named `a`.
  if (before.has(text)) throw new GitObjectError('bad_tree', 'two entries have the same name')
  before.add(text)
  if (text === '' || text.includes('/') || ['.', '..'].includes(text) || text.toLowerCase() === '.git') {
    throw new GitObjectError('bad_tree', 'an entry has a name that Git forbids')
  }
}

/** Git sorts directories as if their names ended in a slash. */
function sortKey(name: Uint8Array, mode: string): Uint8Array {
  return mode === '40000' ? Buffer.concat([name, Buffer.from('/')]) : name
}
