import { expect, test } from 'vitest'
import type { Terminal } from '../terminal.ts'
import { formatMarkdownRow } from './change-markdown.ts'
import { formatChange, formatEntry, formatExplanation } from './change-rows.ts'
import { formatObjectRows } from './object-rows.ts'

type Decided = Parameters<typeof formatChange>[0]
type Rule = Decided['rules'][number]
type Entry = Parameters<typeof formatEntry>[0]

/** Clears a screen by C1 and by ESC, and turns the direction of text around. */
const HOSTILE = 'a\u009b2J\u001b[2J\u202eb'
const SHOWN = 'a\ufffd2J\ufffd[2J\ufffdb'

const glyphs = { pass: '+', fail: 'x' } as Terminal['glyphs']
const terminal: Terminal = {
  data: () => Promise.resolve(),
  talk: () => undefined,
  redraws: false,
  paint: (_, text) => text,
  glyphs,
}
const explanation: Rule['explanation'] = {
  about: HOSTILE,
  verdict: 'fail',
  reason: HOSTILE,
  sentence: HOSTILE,
  observed: HOSTILE,
  wanted: HOSTILE,
  remedy: HOSTILE,
  parts: [],
}
const rule: Rule = {
  rule: HOSTILE,
  sentence: HOSTILE,
  controls: [],
  mode: 'enforce',
  verdict: 'fail',
  explanation: { ...explanation, parts: [explanation] },
}
const change = { ref: `refs/heads/${HOSTILE}`, object: '1'.repeat(40), kind: 'branch-updated' }
const decided = { change, verdict: 'fail', basis: null, rules: [rule] } as unknown as Decided
const entry = { change, verdict: 'fail', index: 1, recordedAt: '2026-01-01T00:00:00Z' } as unknown as Entry
const object = (signature: object): string =>
  `${JSON.stringify({
    object: '1'.repeat(40),
    type: 'commit',
    signature: { scheme: 'ssh', git: 'G', principal: null, key: null, reason: 'verified', ...signature },
    verdict: 'pass',
  })}\n`

test.for([
  { name: 'a judged change', rows: formatChange(decided, null, terminal), times: 6 },
  { name: 'a recorded change', rows: formatEntry(entry, terminal), times: 1 },
  { name: 'an explanation', rows: formatExplanation(decided, terminal), times: 10 },
  { name: 'a principal', rows: formatObjectRows(object({ principal: HOSTILE }), terminal), times: 1 },
  { name: 'a key', rows: formatObjectRows(object({ key: HOSTILE }), terminal), times: 1 },
  { name: 'a Markdown row', rows: formatMarkdownRow(decided, null).replaceAll('\\[', '['), times: 3 },
])('outside text in $name cannot steer the terminal', ({ rows, times }) => {
  expect(rows).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(rows.split(SHOWN).length - 1).toBe(times)
})
