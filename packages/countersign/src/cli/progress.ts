import type { Terminal } from './terminal.ts'

/** Shows how far long work has come, on standard error and only where a line may be redrawn. */
export interface Progress {
  add(done: number): void
  addTotal(more: number): void
  end(): void
}

const EVERY_MS = 100
const WIDTH = 24

/** A progress line that counts `what`; the total may grow while the work goes on. */
export function startProgress(terminal: Terminal, what: string, wanted: boolean): Progress {
  if (!wanted || !terminal.redraws) return { add: () => undefined, addTotal: () => undefined, end: () => undefined }
  let done = 0
  let total = 0
  let drawn = 0
  const draw = (): void => {
    const share = total === 0 ? 0 : Math.min(1, done / total)
    const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')
    const count = total === 0 ? `${done}` : `${bar} ${done} of ${total}`
    terminal.talk(`\r\u001b[2K${count} ${what}`)
  }
  const drawSometimes = (): void => {
    const now = performance.now()
    if (now - drawn < EVERY_MS) return
    drawn = now
    draw()
  }
  return {
    add: (more) => {
      done += more
      drawSometimes()
    },
    addTotal: (more) => {
      total += more
      drawSometimes()
    },
    end: () => terminal.talk('\r\u001b[2K'),
  }
}
