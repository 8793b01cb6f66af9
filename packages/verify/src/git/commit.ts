import { latin1 } from '../bytes/encoding.ts'
import { GitObjectError } from './git-object-error.ts'
import { type HeaderBlock, type HeaderLine, headerValue, readHeaderBlock, unfold } from './header-lines.ts'
import { type Ident, parseIdent } from './ident.ts'
import { objectFormatOf } from './object-id.ts'

/** A commit as its bytes say it. */
export interface Commit {
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: Ident
  readonly committer: Ident
  /** The value of the `encoding` header, or null for UTF-8. */
  readonly encoding: string | null
  /** Each embedded signed tag, byte for byte the tag object that was merged. */
  readonly mergetags: readonly Uint8Array[]
  /** The message, byte for byte: never re-encoded. */
  readonly message: Uint8Array
}

const LF = 0x0a
const MAX_PARENTS = 1_000

/**
 * Parses a commit body (git `commit.c`, `parse_commit_buffer` and `fsck.c`): tree, parents, author and committer in that order.
 *
 * Throws {@link GitObjectError} `missing_header`, `bad_header`, `bad_ident` or `too_large`; never returns half a commit.
 */
export function parseCommit(body: Uint8Array): Commit {
  const block = readHeaderBlock(body)
  const tree = objectIdHeader(body, block.headers[0], 'tree')
  let next = 1
  const parents: string[] = []
  while (block.headers[next]?.key === 'parent') {
    if (parents.length === MAX_PARENTS) throw new GitObjectError('too_large', `more than ${MAX_PARENTS} parents`)
    parents.push(objectIdHeader(body, block.headers[next], 'parent'))
    next += 1
  }
  if (parents.some((parent) => parent.length !== tree.length)) {
    throw new GitObjectError('bad_header', 'object ids of two lengths')
  }
  const author = identHeader(body, block.headers[next], 'author')
  const committer = identHeader(body, block.headers[next + 1], 'committer')
  const rest = block.headers.slice(next + 2)
  refuseRepeated(rest)
  const encoding = rest.find((header) => header.key === 'encoding')
  return {
    tree,
    parents,
    author,
    committer,
    encoding: encoding === undefined ? null : latin1(headerValue(body, encoding)),
    mergetags: mergetagsOf(body, block),
    message: body.subarray(block.messageStart),
  }
}

/** The embedded tags of a commit, from headers that were already read. */
function mergetagsOf(body: Uint8Array, block: HeaderBlock): readonly Uint8Array[] {
  return block.headers.filter((header) => header.key === 'mergetag').map((header) => unfold(body, header))
}

/** A tree, parent or author that comes again could be read by one tool and skipped by another. */
function refuseRepeated(rest: readonly HeaderLine[]): void {
  const again = rest.find((header) => ['tree', 'parent', 'author', 'committer'].includes(header.key))
  if (again !== undefined) throw new GitObjectError('bad_header', `a second or misplaced "${again.key}" header`)
}

/** The object id in a header that must be there and must have this key. */
export function objectIdHeader(body: Uint8Array, header: HeaderLine | undefined, key: string): string {
  const id = latin1(requiredHeader(body, header, key))
  if (objectFormatOf(id) === null) throw new GitObjectError('bad_header', `"${key}" is not an object id`)
  return id
}

/** The identity in a header that must be there and must have this key. */
export function identHeader(body: Uint8Array, header: HeaderLine | undefined, key: string): Ident {
  return parseIdent(requiredHeader(body, header, key))
}

/** The value of a header that must be there and must have this key. */
export function requiredHeader(body: Uint8Array, header: HeaderLine | undefined, key: string): Uint8Array {
  if (header === undefined || header.key !== key) {
    throw new GitObjectError(
      'missing_header',
      `wanted "${key}", found ${header === undefined ? 'no header' : 'another header'}`,
    )
  }
  const value = headerValue(body, header)
  // git reads the first line only: what a continuation adds would be seen by us and not by it.
  if (value.includes(LF)) throw new GitObjectError('bad_header', `"${key}" has more than one line`)
  return value
}
