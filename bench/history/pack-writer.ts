import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { type ObjectFormat, type ObjectType, objectId } from './git-object.ts'

const TYPE_NUMBERS: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 }
const FLUSH_BYTES = 1 << 20

/** Writes a version 2 pack of whole objects to a file, one object at a time, in memory that does not grow. */
export class PackWriter {
  readonly #fd: number
  readonly #format: ObjectFormat
  readonly #digest
  readonly #expected: number
  #pending: Buffer[] = []
  #pendingBytes = 0
  #count = 0

  /** @param count how many objects will be added; the pack's header says it first */
  constructor(file: string, format: ObjectFormat, count: number) {
    this.#fd = openSync(file, 'w')
    this.#format = format
    this.#digest = createHash(format)
    this.#expected = count
    const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1')
    header.writeUInt32BE(count, 8)
    this.#write(header)
  }

  /** Adds an object and returns its raw id. */
  add(type: ObjectType, body: Uint8Array): Buffer {
    this.#write(entryHeader(TYPE_NUMBERS[type], body.length))
    this.#write(deflateSync(body, { level: type === 'commit' || type === 'tag' ? 6 : 1 }))
    this.#count += 1
    return objectId(this.#format, type, body)
  }

  /** Writes the trailer and closes the file; throws when the count that was promised does not hold. */
  finish(): void {
    if (this.#count !== this.#expected) throw new Error(`promised ${this.#expected} objects, added ${this.#count}`)
    this.#flush()
    writeSync(this.#fd, this.#digest.digest())
    closeSync(this.#fd)
  }

  #write(bytes: Buffer): void {
    this.#digest.update(bytes)
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes >= FLUSH_BYTES) this.#flush()
  }

  #flush(): void {
    writeSync(this.#fd, Buffer.concat(this.#pending))
    this.#pending = []
    this.#pendingBytes = 0
  }
}

/** Type and size, four bits of the size first and then seven a byte (gitformat-pack). */
function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = []
  let byte = (type << 4) | (size & 15)
  let rest = Math.floor(size / 16)
  while (rest > 0) {
    bytes.push(byte | 0x80)
    byte = rest & 0x7f
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, byte])
}
