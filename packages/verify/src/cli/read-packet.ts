import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** A packet that cannot be read, or a command that cannot be understood. The message is for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Bounds on what is read into memory; a packet that exceeds them is refused before any of it is. */
const MAX_FILES = 1_000_000
const MAX_BYTES = 0xffff_ffff

/** A packet's bytes: those of a zip, or of each file below a folder by its path with `/`. */
export type PacketBytes =
  | { readonly kind: 'zip'; readonly zip: Uint8Array }
  | { readonly kind: 'folder'; readonly files: ReadonlyMap<string, Uint8Array> }

/** Reads a packet. Throws {@link UsageError} where there is none, where a part is not a plain file, and past the bounds. */
export function readPacket(path: string): PacketBytes {
  try {
    return statSync(path).isDirectory()
      ? { kind: 'folder', files: readFolder(path) }
      : { kind: 'zip', zip: readBounded(path, MAX_BYTES) }
  } catch (cause) {
    throw asUsageError(cause)
  }
}

/** The text of a small file, such as a key. Throws {@link UsageError}. */
export function readText(path: string): string {
  try {
    return Buffer.from(readBounded(path, 65_536)).toString('utf8')
  } catch (cause) {
    throw asUsageError(cause)
  }
}

function readFolder(folder: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  let room = MAX_BYTES
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const file = join(entry.parentPath, entry.name)
    // A link could lead anywhere, and is nothing that a packet holds.
    if (entry.isSymbolicLink()) throw new UsageError(`${file} is not a plain file`)
    const bytes = readBounded(file, room)
    room -= bytes.length
    files.set(relative(folder, file).split(sep).join('/'), bytes)
    if (files.size > MAX_FILES) throw new UsageError(`${folder} holds over ${MAX_FILES} files`)
  }
  return files
}

function readBounded(file: string, room: number): Uint8Array {
  const found = statSync(file)
  if (!found.isFile()) throw new UsageError(`${file} is not a plain file`)
  if (found.size > room) throw new UsageError(`${file} is too large: ${found.size} bytes`)
  return readFileSync(file)
}

function asUsageError(cause: unknown): unknown {
  // What the system says, such as ENOENT, names the path.
  return cause instanceof Error && 'syscall' in cause ? new UsageError(cause.message, { cause }) : cause
}
