import type { Verdict } from '@countersign/verify'
import type { Terminal } from '../terminal.ts'

const COLOURS: Readonly<Record<Verdict, 'red' | 'green' | 'yellow' | 'dim'>> = {
  pass: 'green',
  fail: 'red',
  warn: 'yellow',
  not_applicable: 'dim',
  pending: 'yellow',
  indeterminate: 'yellow',
  waived: 'yellow',
  break_glass: 'yellow',
}

/** A verdict as glyph and word, padded to one width, and coloured where colour is wanted: never colour alone. */
export function paintVerdict(verdict: Verdict, terminal: Terminal): string {
  return terminal.paint(COLOURS[verdict], `${terminal.glyphs[verdict]} ${verdict}`.padEnd(16))
}
