import type { DatabaseSync } from 'node:sqlite'
import type { UnindexedRow } from './known-rows.ts'

/** Puts rows into the index, as part of a transaction. */
export type RowIndexer = (rows: readonly UnindexedRow[]) => void

export function rowIndexer(db: DatabaseSync): RowIndexer {
  const insert = (count: number) =>
    db.prepare(`INSERT OR IGNORE INTO term (hash, seq) VALUES ${Array(count).fill('(?, ?)').join(', ')}`)
  const [insertMany, insertOne] = [insert(AT_ONCE), insert(1)]
  const insertSpan = db.prepare(
    'INSERT OR REPLACE INTO span (first, last, recorded_min, recorded_max) VALUES (?, ?, ?, ?)',
  )
  const setIndexed = db.prepare('UPDATE head SET indexed = ?')
  return (rows) => {
    const [first, last] = [rows[0], rows.at(-1)]
    if (first === undefined || last === undefined) return
    const byKey = new Map<number, number[]>()
    for (const { index, keys } of rows) {
      for (const key of keys) {
        const found = byKey.get(key)
        if (found === undefined) byKey.set(key, [index])
        else found.push(index)
      }
    }
    let values: number[] = []
    // In the order of the tree, neighbours are written to the same page while it is at hand.
    for (const key of Float64Array.from(byKey.keys()).sort()) {
      for (const index of byKey.get(key) ?? []) {
        values.push(key, index)
        if (values.length < 2 * AT_ONCE) continue
        insertMany.run(...values)
        values = []
      }
    }
    for (let at = 0; at < values.length; at += 2) insertOne.run(...values.slice(at, at + 2))
    let [min, max] = [first.recordedAt, first.recordedAt]
    for (const { recordedAt } of rows) {
      if (recordedAt < min) min = recordedAt
      if (recordedAt > max) max = recordedAt
    }
    insertSpan.run(first.index, last.index, min, max)
    setIndexed.run(last.index + 1)
  }
}

const AT_ONCE = 16
