import { hash } from 'node:crypto'

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'
export type ObjectFormat = 'sha1' | 'sha256'

/** The raw id of an object: the hash of its type, size and bytes. */
export function objectId(format: ObjectFormat, type: ObjectType, body: Uint8Array): Buffer {
  return hash(format, Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]), 'buffer')
}

/** One entry of a tree; entries must come in git's order. */
export interface TreeEntry {
  readonly mode: string
  readonly name: string
  readonly id: Uint8Array
}

export function treeBytes(entries: readonly TreeEntry[]): Buffer {
  return Buffer.concat(entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), id]))
}

/** A header whose value may have many lines: each line after the first starts with a space. */
export function headerLines(name: string, value: string | Uint8Array): Buffer {
  const text = Buffer.from(value as string).toString('latin1')
  return Buffer.from(`${name} ${text.replaceAll('\n', '\n ')}\n`, 'latin1')
}

/** The object with more bytes at the end of its headers, before the first blank line. */
export function withHeader(object: Buffer, header: Uint8Array): Buffer {
  const end = object.indexOf('\n\n')
  const at = end === -1 ? object.length : end + 1
  return Buffer.concat([object.subarray(0, at), header, object.subarray(at)])
}
