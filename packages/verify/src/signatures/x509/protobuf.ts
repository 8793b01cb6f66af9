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
 * Reads one level of a protobuf message with these fields, numbered from 1; fields that hold messages stay bytes. Fields are in
 * order, numbers in the fewest bytes and not zero: nobody signs these bytes, so there must be no second way to write them.
 * Throws {@link X509Error} `malformed_log_entry`.
 */
export function readProtobuf(input: Uint8Array, fields: readonly ('number' | 'bytes')[]): ProtobufMessage {
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
        if (byte === 0 && index > 0) malformed(`a number that is not minimal at offset ${at}`)
        at += index + 1
        return BigInt.asUintN(64, value)
      }
    }
    return malformed(`a number that does not end at offset ${at}`)
  }
  let before = 1
  while (at < input.length) {
    const key = varint()
    const field = Number(key >> 3n)
    const type = Number(key & 7n)
    if (field < before) malformed(`field number ${field} after ${before}`)
    before = field
    if (type === VARINT && fields[field - 1] === 'number') add(numbers, field, varint() || malformed('a zero in full'))
    else if (type === LENGTH_DELIMITED && fields[field - 1] === 'bytes') {
      const length = varint()
      if (length > BigInt(input.length - at)) malformed(`field ${field} runs past the end`)
      add(bytes, field, input.subarray(at, at + Number(length)))
      at += Number(length)
    } else malformed(`field ${field} with wire type ${type}`)
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
