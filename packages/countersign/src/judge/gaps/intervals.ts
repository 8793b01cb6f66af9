/** A stretch of time in Unix seconds; `to` is outside. An empty one has `to` at or before `from`. */
export interface Interval {
  readonly from: number
  readonly to: number
}

/** The same time in as few intervals as possible: in order, apart from each other, none empty. */
export function unite(intervals: readonly Interval[]): readonly Interval[] {
  const united: Interval[] = []
  for (const { from, to } of intervals.filter(isLong).sort((a, b) => a.from - b.from)) {
    const last = united.at(-1)
    if (last === undefined || from > last.to) united.push({ from, to })
    else if (to > last.to) united[united.length - 1] = { from: last.from, to }
  }
  return united
}

/** What of some time lies in none of `others`. */
export function subtract(intervals: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  const taken = unite(others)
  const left: Interval[] = []
  let first = 0
  for (const { from, to } of unite(intervals)) {
    while (first < taken.length && (taken[first] as Interval).to <= from) first += 1
    let start = from
    for (let at = first; at < taken.length && (taken[at] as Interval).from < to; at += 1) {
      const other = taken[at] as Interval
      left.push({ from: start, to: other.from })
      start = other.to
    }
    left.push({ from: start, to })
  }
  return left.filter(isLong)
}

/** What of some time lies in `others` too. */
export function intersect(intervals: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  return subtract(intervals, subtract(intervals, others))
}

function isLong({ from, to }: Interval): boolean {
  return from < to
}
