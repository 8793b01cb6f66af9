import type { EvidenceQuery, IndexedTerms } from './ports/evidence-log.ts'

/** Where evidence is looked for. */
export interface Findable {
  find(query: EvidenceQuery): AsyncIterable<IndexedTerms>
}

/** Which evidence is wanted: what carries one of the subjects and one of the controls, where any are given, oldest first. */
export interface EvidenceWish extends Omit<EvidenceQuery, 'subject' | 'control' | 'order'> {
  /** Any of these; null does not restrict. */
  readonly subjects: readonly string[] | null
  readonly controls: readonly string[] | null
}

/**
 * What is wanted, each once and in the order of the log, streamed: every subject with every control is looked up by the index, and what is
 * found is merged by its place.
 */
export async function* findEvidence(wish: EvidenceWish, log: Findable): AsyncGenerator<IndexedTerms> {
  const { subjects, controls, limit = Number.POSITIVE_INFINITY, ...query } = wish
  const queries = (subjects ?? [null]).flatMap((subject) =>
    (controls ?? [null]).map((control) => ({
      ...query,
      ...(subject === null ? {} : { subject }),
      ...(control === null ? {} : { control }),
    })),
  )
  let left = limit
  for await (const found of merged(queries.map((one) => log.find(one)))) {
    if (left <= 0) return
    left -= 1
    yield found
  }
}

/** Everything that streams in order have, in order and each index once. Ends them all, however it ends. */
async function* merged(streams: readonly AsyncIterable<IndexedTerms>[]): AsyncGenerator<IndexedTerms> {
  const readers = streams.map((stream) => stream[Symbol.asyncIterator]())
  try {
    const heads = await Promise.all(readers.map((reader) => reader.next()))
    for (;;) {
      const places = heads.map((head) => (head.done === true ? Number.POSITIVE_INFINITY : head.value.index))
      const least = Math.min(...places)
      if (least === Number.POSITIVE_INFINITY) return
      const first = heads[places.indexOf(least)]
      if (first !== undefined && first.done !== true) yield first.value
      for (const [at, place] of places.entries()) {
        const reader = readers[at]
        if (place === least && reader !== undefined) heads[at] = await reader.next()
      }
    }
  } finally {
    for (const reader of readers) await reader.return?.()
  }
}
