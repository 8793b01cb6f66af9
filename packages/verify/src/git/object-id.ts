import { hash } from 'node:crypto'

/** The hash that names a repository's objects. */
export type ObjectFormat = 'sha1' | 'sha256'

/** The kinds of object that Git stores. */
export type ObjectType = 'commit' | 'tag' | 'tree' | 'blob'

/** The object id that Git gives to a body: the hash of `<type> <size>\0<body>`, in lower-case hex. */
export function computeObjectId(type: ObjectType, body: Uint8Array, format: ObjectFormat): string {
  const head = `${type} ${body.length}\0`
  const object = Buffer.allocUnsafe(head.length + body.length)
  object.write(head, 'latin1')
  object.set(body, head.length)
  return hash(format, object, 'hex')
}

/** The hash that an object id was made with, told by its length; null when the text is no object id. */
export function objectFormatOf(objectId: string): ObjectFormat | null {
  if ((objectId.length !== 40 && objectId.length !== 64) || NO_HEX.test(objectId)) return null
  return objectId.length === 40 ? 'sha1' : 'sha256'
}

const NO_HEX = /[^0-9a-f]/
