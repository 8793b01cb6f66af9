/** A map that forgets its oldest entry when it would hold more than `limit`. */
export class BoundedCache<V> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The value under this key, made and kept when there is none. What `make` throws is not kept. */
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const value = make()
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, value)
    return value
  }
}
