import { createHash } from 'node:crypto'

/** Pseudo-random bytes that depend on nothing but the label (SHAKE256): test keys and histories are the same everywhere. */
export function seededBytes(label: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(label).digest()
}

/** A repeatable stream of choices. Not for secrets. */
export interface Dice {
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number
  bytes(length: number): Buffer
}

/** Dice that roll the same numbers for the same label. */
export function dice(label: string): Dice {
  let block = 0
  let pool = Buffer.alloc(0)
  const take = (length: number): Buffer => {
    while (pool.length < length) {
      pool = Buffer.concat([pool, seededBytes(`${label}#${block}`, 4096)])
      block += 1
    }
    const taken = pool.subarray(0, length)
    pool = pool.subarray(length)
    return taken
  }
  return { below: (limit) => take(6).readUIntBE(0, 6) % limit, bytes: take }
}
