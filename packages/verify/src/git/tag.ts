import { fromUtf8, latin1 } from '../bytes/encoding.ts'
import { identHeader, objectIdHeader, requiredHeader } from './commit.ts'
import { GitObjectError } from './git-object-error.ts'
import { readHeaderBlock } from './header-lines.ts'
import type { Ident } from './ident.ts'
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
  const block = readHeaderBlock(body)
  const [object, type, name, tagger, ...rest] = block.headers
  const again = rest.find(({ key }) => ['object', 'type', 'tag', 'tagger'].includes(key))
  if (again !== undefined) throw new GitObjectError('bad_header', `a second or misplaced "${again.key}" header`)
  return {
    object: objectIdHeader(body, object, 'object'),
    type: objectType(requiredHeader(body, type, 'type')),
    name: tagName(requiredHeader(body, name, 'tag')),
    tagger: tagger?.key === 'tagger' ? identHeader(body, tagger, 'tagger') : null,
    message: body.subarray(block.messageStart),
  }
}

function objectType(value: Uint8Array): ObjectType {
  const type = latin1(value)
  if (!isObjectType(type)) throw new GitObjectError('bad_header', 'the tag names an unknown type of object')
  return type
}

const isObjectType = (type: string): type is ObjectType => TYPES.includes(type)

function tagName(value: Uint8Array): string {
  try {
    return fromUtf8(value)
  } catch {
    throw new GitObjectError('bad_header', 'the tag name is not UTF-8')
  }
}
