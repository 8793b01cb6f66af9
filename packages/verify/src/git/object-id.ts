import { createHash } from 'node:crypto'

/** The hash that names a repository's objects. */
export type ObjectFormat = 'sha1' | 'sha256'

/** The kinds of object that Git stores. */
export type ObjectType = 'commit' | 'tag' | 'tree' | 'blob'

/** The object id that Git gives to a body: the hash of `<type> <size>\0<body>`, in lower-case hex. */
export function computeObjectId(type: ObjectType, body: Uint8Array, format: ObjectFormat): string {
  return createHash(format).update(`${type} ${body.length}\0`).update(body).digest('hex')
}

/** The hash that an object id was made with, told by its length; null when the text is no object id. */
export function objectFormatOf(objectId: string): ObjectFormat | null {
  if (/^[0-9a-f]{40}$/.test(objectId)) return 'sha1'
  if (/^[0-9a-f]{64}$/.test(objectId)) return 'sha256'
  return null
}
