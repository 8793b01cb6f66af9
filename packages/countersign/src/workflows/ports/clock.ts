/** Tells the time in Unix seconds. Read once for each run, at its start, and passed on from there. */
export type Clock = () => number
