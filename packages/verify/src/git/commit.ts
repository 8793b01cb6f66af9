import { GitObjectError } from './git-object-error.ts'
import {
  afterLine,
  type HeaderLine,
  headerText,
  headerValue,
  messageStart,
  readHeaders,
  unfold,
} from './header-lines.ts'
import { type Ident, parseIdent, readIdent } from './ident.ts'
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

const MAX_PARENTS = 1_000

/**
 * Parses a commit body (git `commit.c`, `parse_commit_buffer` and `fsck.c`): tree, parents, author and committer in that order.
 *
 * Throws {@link GitObjectError} `missing_header`, `bad_header`, `bad_ident` or `too_large`; never returns half a commit.
 */
export function parseCommit(body: Uint8Array): Commit {
  const text = headerText(body)
  const { author, committer, rest, ...commit } = readCommit(text)
  const encoding = rest.find((header) => header.key === 'encoding')
  return {
    ...commit,
    author: parseIdent(author),
    committer: parseIdent(committer),
    encoding: encoding === undefined ? null : headerValue(text, encoding),
    message: body.subarray(messageStart(body, text)),
  }
}

/** The parts of a commit that its header text holds, its people unread. */
interface CommitHeaders extends Pick<Commit, 'tree' | 'parents' | 'mergetags'> {
  readonly author: string
  readonly committer: string
  /** What follows the committer. */
  readonly rest: readonly HeaderLine[]
}

/** Reads a commit's header text. Throws as {@link parseCommit} does, for everything that it does. */
export function readCommit(text: string): CommitHeaders {
  const headers = readHeaders(text)
  const tree = objectIdHeader(text, headers[0], 'tree')
  let next = 1
  const parents: string[] = []
  while (headers[next]?.key === 'parent') {
    if (parents.length === MAX_PARENTS) throw new GitObjectError('too_large', `more than ${MAX_PARENTS} parents`)
    parents.push(objectIdHeader(text, headers[next], 'parent'))
    next += 1
  }
  if (parents.some((parent) => parent.length !== tree.length)) {
    throw new GitObjectError('bad_header', 'object ids of two lengths')
  }
  const author = identHeader(text, headers[next], 'author')
  const committer = identHeader(text, headers[next + 1], 'committer')
  const rest = headers.slice(next + 2)
  refuseRepeated(rest)
  return { tree, parents, author, committer, rest, mergetags: mergetagsOf(text, rest) }
}

/** Each tag that a merge carries inside, byte for byte. */
function mergetagsOf(text: string, rest: readonly HeaderLine[]): readonly Uint8Array[] {
  const tags = rest.filter((header) => header.key === 'mergetag')
  return tags.map(({ valueStart, end }) => Buffer.from(unfold(text.slice(valueStart, end)), 'latin1'))
}

/** A tree, parent or author that comes again could be read by one tool and skipped by another. */
function refuseRepeated(rest: readonly HeaderLine[]): void {
  const again = rest.find((header) => ['tree', 'parent', 'author', 'committer'].includes(header.key))
  if (again !== undefined) throw new GitObjectError('bad_header', `a second or misplaced "${again.key}" header`)
}

/** The object id in a header that must be there and must have this key. */
export function objectIdHeader(text: string, header: HeaderLine | undefined, key: string): string {
  const id = requiredHeader(text, header, key)
  if (objectFormatOf(id) === null) throw new GitObjectError('bad_header', `"${key}" is not an object id`)
  return id
}

/** The identity, well-formed and unread, in a header that must be there and must have this key. */
export function identHeader(text: string, header: HeaderLine | undefined, key: string): string {
  const value = requiredHeader(text, header, key)
  readIdent(value)
  return value
}

/** The value of a header that must be there and must have this key. */
export function requiredHeader(text: string, header: HeaderLine | undefined, key: string): string {
  if (header === undefined || header.key !== key) {
    throw new GitObjectError(
      'missing_header',
      `wanted "${key}", found ${header === undefined ? 'no header' : 'another header'}`,
    )
  }
  // git reads the first line only: what a continuation adds would be seen by us and not by it.
  if (afterLine(text, header.valueStart) !== header.end) {
    throw new GitObjectError('bad_header', `"${key}" has more than one line`)
  }
  return text.slice(header.valueStart, header.end - 1)
}
