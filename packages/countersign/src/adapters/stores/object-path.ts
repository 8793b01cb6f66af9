import { ObjectStoreError } from '../../workflows/ports/object-store.ts'

/** A path that every store can keep: a file system's longest name, and room for a prefix below S3's 1,024 bytes. */
const MAX_PATH = 512
const MAX_PART = 255

/** Returns the parts of an object's path. Throws {@link ObjectStoreError} `bad_path`, which never quotes a path that is refused. */
export function partsOfPath(path: string): readonly string[] {
  const parts = path.split('/')
  if (path.length > MAX_PATH || !parts.every(isObjectPart)) {
    throw new ObjectStoreError(
      'bad_path',
      'not the path of an object: parts of [A-Za-z0-9._-], none beginning with a dot',
    )
  }
  return parts
}

/** Returns the parts of a prefix, none for the empty one. Throws as {@link partsOfPath} does. */
export function partsOfPrefix(prefix: string): readonly string[] {
  return prefix === '' ? [] : partsOfPath(prefix)
}

/** Whether a name may be a part of an object's path. */
export function isObjectPart(name: string): boolean {
  return name.length <= MAX_PART && /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)
}
