import { X509Error } from './x509-error.ts'

/** The fields of one protobuf message: every value of every field number, in order. Numbers are unsigned. */
export interface ProtobufMessage {
  readonly numbers: ReadonlyMap<number, readonly bigint[]>
  readonly bytes: ReadonlyMap<number, readonly Uint8Array[]>
}

/** Wire types (protobuf encoding guide). */
const VARINT = 0
const LENGTH_DELIMITED = 2
const MAX_VARINT_BYTES = 10

/**
 * Reads one level of a protobuf message; fields that hold messages stay bytes. Only the two wire types that a log entry uses
 * are taken. Throws {@link X509Error} `malformed_log_entry`.
 */
export function readProtobuf(input: Uint8Array): ProtobufMessage {
  const numbers = new Map<number, bigint[]>()
  const bytes = new Map<number, Uint8Array[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = input[at + index]
      if (byte === undefined) break
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) {
        at += index + 1
        return BigInt.asUintN(64, value)
      }
    }
    return malformed(`a number that does not end at offset ${at}`)
  }
  while (at < input.length) {
    const key = varint()
    const field = Number(key >> 3n)
    const type = Number(key & 7n)
    if (field === 0 || field > 0x1fffffff) malformed(`field number ${field}`)
    if (type === VARINT) add(numbers, field, varint())
    else if (type === LENGTH_DELIMITED) {
      const length = varint()
      if (length > BigInt(input.length - at)) malformed(`field ${field} runs past the end`)
      add(bytes, field, input.subarray(at, at + Number(length)))
      at += Number(length)
    } else malformed(`wire type ${type}`)
  }
  return { numbers, bytes }
}

function add<V>(map: Map<number, V[]>, field: number, value: V): void {
  const values = map.get(field)
  if (values === undefined) map.set(field, [value])
  else values.push(value)
}

function malformed(message: string): never {
  throw new X509Error('malformed_log_entry', message)
}
