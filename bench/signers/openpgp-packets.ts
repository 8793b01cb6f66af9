import { u32 } from './ssh-wire.ts'

export function u16(value: number): Buffer {
  return Buffer.of((value >> 8) & 0xff, value & 0xff)
}

/** A multiprecision integer: its bit count, then its bytes without leading zeros (RFC 9580 §3.2). */
export function pgpMpi(value: Uint8Array): Buffer {
  let start = 0
  while (start < value.length && value[start] === 0) start += 1
  const digits = value.subarray(start)
  const bits = digits.length === 0 ? 0 : (digits.length - 1) * 8 + (32 - Math.clz32(digits[0] as number))
  return Buffer.concat([u16(bits), digits])
}

/** A packet with a new-format header, or with the old one that gpg writes for keys and signatures. */
export function pgpPacket(tag: number, body: Uint8Array, format: 'new' | 'old' = 'old'): Buffer {
  if (format === 'old') return Buffer.concat([Buffer.of(0x80 | (tag << 2) | 2), u32(body.length), body])
  return Buffer.concat([Buffer.of(0xc0 | tag, 0xff), u32(body.length), body])
}

/** A signature subpacket; the top bit of the type makes it critical. */
export function subpacket(type: number, data: Uint8Array, critical = false): Buffer {
  const head = Buffer.of(critical ? type | 0x80 : type)
  const length = data.length + 1
  const size = length < 192 ? Buffer.of(length) : Buffer.concat([Buffer.of(0xff), u32(length)])
  return Buffer.concat([size, head, data])
}

/** How armour may depart from the usual. */
export interface ArmorOptions {
  readonly label?: string
  readonly headers?: readonly string[]
  /** `false` leaves the checksum out, a string replaces it. */
  readonly checksum?: boolean | string
  readonly columns?: number
}

/** ASCII armour (RFC 9580 §6.2) with a checksum, lines of 64, no line break at the end. */
export function pgpArmor(bytes: Uint8Array, options: ArmorOptions = {}): string {
  const { label = 'PGP SIGNATURE', headers = [], checksum = true, columns = 64 } = options
  const text = Buffer.from(bytes).toString('base64')
  const lines = text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []
  const sum = checksum === true ? [`=${crc24(bytes).toString('base64')}`] : checksum === false ? [] : [`=${checksum}`]
  return [`-----BEGIN ${label}-----`, ...headers, '', ...lines, ...sum, `-----END ${label}-----`].join('\n')
}

function crc24(bytes: Uint8Array): Buffer {
  let crc = 0xb704ce
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1
      if (crc & 0x1000000) crc ^= 0x1864cfb
    }
  }
  return Buffer.of((crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff)
}
