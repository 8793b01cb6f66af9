import { fromUtf8 } from '../bytes/encoding.ts'
import { objectIdHeader, requiredHeader } from './commit.ts'
import { GitObjectError } from './git-object-error.ts'
import { headerText, messageStart, readHeaders } from './header-lines.ts'
import { type Ident, parseIdent } from './ident.ts'
import type { ObjectType } from './object-id.ts'

/** An annotated tag as its bytes say it. */
export interface Tag {
  readonly object: string
  readonly type: ObjectType
  readonly name: string
  /** Absent in tags from before 2005. */
  readonly tagger: Ident | null
  /** Everything after the headers, with the signature that stands in it. */
  readonly message: Uint8Array
}

const TYPES: readonly string[] = ['commit', 'tag', 'tree', 'blob']

/**
 * Parses a tag body (git `tag.c`, `parse_tag_buffer`): object, type, tag and tagger in that order.
 *
 * Throws {@link GitObjectError} `missing_header`, `bad_header`, `bad_ident` or `too_large`; never returns half a tag.
 */
export function parseTag(body: Uint8Array): Tag {
  const text = headerText(body)
  const [object, type, name, tagger, ...rest] = readHeaders(text)
  const again = rest.find(({ key }) => ['object', 'type', 'tag', 'tagger'].includes(key))
  if (again !== undefined) throw new GitObjectError('bad_header', `a second or misplaced "${again.key}" header`)
  return {
    object: objectIdHeader(text, object, 'object'),
    type: objectType(requiredHeader(text, type, 'type')),
    name: tagName(requiredHeader(text, name, 'tag')),
    tagger: tagger?.key === 'tagger' ? parseIdent(requiredHeader(text, tagger, 'tagger')) : null,
    message: body.subarray(messageStart(body, text)),
  }
}

function objectType(type: string): ObjectType {
  if (!isObjectType(type)) throw new GitObjectError('bad_header', 'the tag names an unknown type of object')
  return type
}

const isObjectType = (type: string): type is ObjectType => TYPES.includes(type)

function tagName(value: string): string {
  try {
    return fromUtf8(Buffer.from(value, 'latin1'))
  } catch {
    throw new GitObjectError('bad_header', 'the tag name is not UTF-8')
  }
}
