/** Bytes that end too early, run on too long, or say something that their format forbids. */
export class BytesError extends Error {
  override readonly name = 'BytesError'
  readonly code: 'truncated' | 'trailing' | 'too_long' | 'not_text' | 'bad_encoding'

  constructor(code: BytesError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Reads big-endian binary formats from the front of a byte array, never past its end.
 *
 * Every method throws {@link BytesError} `truncated` when fewer bytes are left than it needs, and then has moved nothing.
 * Returned arrays are views on the input, not copies.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The offset of the next unread byte. */
  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  bytes(length: number): Uint8Array {
    const start = this.#pass(length)
    return this.#bytes.subarray(start, start + length)
  }

  u8(): number {
    return this.#bytes[this.#pass(1)] as number
  }

  u16(): number {
    const start = this.#pass(2)
    return ((this.#bytes[start] as number) << 8) | (this.#bytes[start + 1] as number)
  }

  u32(): number {
    const start = this.#pass(4)
    const bytes = this.#bytes
    const low =
      ((bytes[start + 1] as number) << 16) | ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number)
    return (bytes[start] as number) * 0x1000000 + low
  }

  u64(): bigint {
    const { buffer, byteOffset } = this.bytes(8)
    return new DataView(buffer, byteOffset, 8).getBigUint64(0)
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  /** An SSH `string`: a 32-bit length, then that many bytes (RFC 4251 §5). */
  sshString(): Uint8Array {
    const start = this.#at
    const length = this.u32()
    if (length > this.remaining) {
      this.#at = start
      throw new BytesError('truncated', `a string of ${length} bytes at offset ${start} runs past the end`)
    }
    return this.bytes(length)
  }

  /** Moves past so many bytes, and says where they begin. */
  #pass(length: number): number {
    if (length < 0 || length > this.remaining) {
      throw new BytesError('truncated', `wanted ${length} bytes at offset ${this.#at}, ${this.remaining} are left`)
    }
    const start = this.#at
    this.#at += length
    return start
  }

  /** Throws `trailing` unless everything has been read. */
  end(): void {
    if (this.remaining !== 0) {
      throw new BytesError('trailing', `${this.remaining} bytes follow at offset ${this.#at}`)
    }
  }
}
