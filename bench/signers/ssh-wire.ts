/** An SSH `string`: a 32-bit length, then the bytes (RFC 4251 §5). */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([u32(bytes.length), bytes])
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** An SSH `mpint` of a non-negative number given as big-endian bytes. */
export function sshMpint(value: Uint8Array): Buffer {
  let start = 0
  while (start < value.length && value[start] === 0) start += 1
  const digits = Buffer.from(value.subarray(start))
  const first = digits[0]
  return sshString(first !== undefined && first >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits)
}
