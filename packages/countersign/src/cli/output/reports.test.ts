import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Explanation, leaf, VERDICTS, type Verdict } from '@countersign/verify'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { RULES } from '../../judge/rules.ts'
import type { Decided } from '../../workflows/make-decision.ts'
import type { Terminal } from '../terminal.ts'
import { printChanges } from './change-printer.ts'
import { CHANGE_FORMATS, type ChangeFormat, OBJECT_FORMATS } from './formats.ts'
import { printObjects } from './object-printer.ts'
import { readXml, type XmlElement } from './read-xml.fixtures.ts'

/** Everything that ends a line, a cell, a tag, a command, a string or a document somewhere, or steers a terminal. */
const HOSTILE =
  'x\n::error::y\r##[add-mask]a]]>--><b a="\'&%0A,:|`*\u001b[2J\u009b2J\u202e\u2028\ufffe\0\t\ud800\n---\n'
const CONTROLS = /[\0-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/
const OBJECT = '1'.repeat(40)

let said = ''
const terminal: Terminal = {
  data: () => Promise.resolve(),
  talk: (text) => {
    said += text
  },
  redraws: false,
  paint: (_, text) => text,
  glyphs: Object.fromEntries(VERDICTS.map((verdict) => [verdict, '+'])) as Terminal['glyphs'],
}

const because = (verdict: Verdict, text: string): Explanation =>
  leaf({ about: text, verdict, reason: 'why_not', sentence: text, observed: text, wanted: text, remedy: text })

function ruleThatSays(verdict: Verdict, text = 'a sentence', mode = 'enforce'): Decided['rules'][number] {
  const explanation = { ...because(verdict, 'all of it'), parts: [because('pass', 'fine'), because(verdict, text)] }
  return { rule: 'commits-signed', sentence: 'Signed.', mode, controls: [], verdict, explanation }
}

function decided(rules: readonly Decided['rules'][number][], more: Partial<Decided> = {}): Decided {
  const change = { kind: 'direct', repository: 'r', ref: 'refs/heads/main', object: OBJECT, base: null } as const
  const [counted] = rules.filter(({ mode }) => mode !== 'observe')
  const verdict = counted?.verdict ?? 'not_applicable'
  return { change, verdict, basis: null, rules, signatures: [], controls: [], policy: null, ...more } as Decided
}

const hostileChange = decided([ruleThatSays('fail', HOSTILE)], {
  change: { kind: 'direct', repository: HOSTILE, ref: `refs/heads/${HOSTILE}`, object: OBJECT, base: null },
})

function printed(format: ChangeFormat, ...decisions: readonly Decided[]): string {
  const printer = printChanges(format, false, terminal)
  return decisions.map((decision) => printer.one({ decision, entry: null })).join('') + printer.end()
}

afterEach(() => {
  said = ''
  vi.unstubAllEnvs()
})

test.for(CHANGE_FORMATS.filter((format) => format !== 'table'))(
  '%s holds no character that steers a terminal',
  (format) => {
    vi.stubEnv('GITHUB_STEP_SUMMARY', '')
    expect(printed(format, hostileChange)).not.toMatch(CONTROLS)
  },
)

describe('sarif', () => {
  const runOf = (...decisions: readonly Decided[]) => {
    const log = JSON.parse(printed('sarif', ...decisions))
    expect(Object.keys(log)).toEqual(['$schema', 'version', 'runs'])
    expect([log.version, log.runs.length]).toEqual(['2.1.0', 1])
    return log.runs[0]
  }

  test('every rule is described, with what it demands, how to get on and which controls it supports', () => {
    const { driver } = runOf().tool
    expect(driver).toMatchObject({ name: 'countersign', semanticVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
    expect(driver.rules.map(({ id }: { id: string }) => id)).toEqual(['change-judged', ...RULES.map(({ id }) => id)])
    for (const rule of driver.rules) {
      expect(rule.shortDescription.text).toMatch(/\.$/)
      expect(rule.help.text).toContain(rule.id)
      expect(Array.isArray(rule.properties.tags)).toBe(true)
    }
  })

  test('a run without findings has an empty list of results, which says that it ran', () => {
    expect(runOf(decided([ruleThatSays('pass')]))).toMatchObject({
      results: [],
      invocations: [{ executionSuccessful: true }],
      automationDetails: { id: 'countersign/check/' },
    })
  })

  test('each result names a rule by id and index, and a place that every repository has', () => {
    const run = runOf(hostileChange)
    const [result] = run.results
    expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId)
    const { physicalLocation } = result.locations[0]
    expect(physicalLocation).toEqual({
      artifactLocation: { uri: '.countersign/policy.yaml' },
      region: { startLine: 1 },
    })
    expect(result.message.text).toContain('seen: x')
  })

  test.for<{ verdict: Verdict; mode: string; level: string | undefined }>([
    { verdict: 'fail', mode: 'enforce', level: 'error' },
    { verdict: 'indeterminate', mode: 'enforce', level: 'error' },
    { verdict: 'warn', mode: 'warn', level: 'warning' },
    { verdict: 'pending', mode: 'enforce', level: 'warning' },
    { verdict: 'warn', mode: 'observe', level: 'note' },
    { verdict: 'waived', mode: 'enforce', level: 'note' },
    { verdict: 'break_glass', mode: 'enforce', level: 'note' },
    { verdict: 'pass', mode: 'enforce', level: undefined },
    { verdict: 'not_applicable', mode: 'enforce', level: undefined },
  ])('$verdict under $mode is told as $level', ({ verdict, mode, level }) => {
    const [result] = runOf(decided([ruleThatSays(verdict, 's', mode)])).results
    expect(result?.level).toBe(level)
  })

  test('a fingerprint stays while subject and rule do, whatever is said of them', () => {
    const prints = (decision: Decided) => runOf(decision).results[0].partialFingerprints
    const first = prints(decided([ruleThatSays('fail', 'one')]))
    expect(first.primaryLocationLineHash).toMatch(/^[0-9a-f]{16}:1$/)
    expect(prints(decided([ruleThatSays('warn', 'other')]))).toEqual(first)
    const moved = { ...decided([]).change, object: '2'.repeat(40) }
    expect(prints(decided([ruleThatSays('fail')], { change: moved }))).not.toEqual(first)
    expect(prints(decided([{ ...ruleThatSays('fail'), rule: 'merges-signed' }]))).not.toEqual(first)
  })

  test('past five thousand results the mildest are left out, and the report says how many', () => {
    const many = Array.from({ length: 5_000 }, () => decided([ruleThatSays('waived')]))
    const { results, invocations } = runOf(...many, decided([ruleThatSays('fail')]))
    expect([results.length, results[0].level]).toEqual([5_000, 'error'])
    expect(invocations[0].toolExecutionNotifications[0].message.text).toContain('1 more')
  })
})

describe('junit', () => {
  const suitesOf = (...decisions: readonly Decided[]): readonly XmlElement[] => {
    const { name, children } = readXml(printed('junit', ...decisions))
    expect(name).toBe('testsuites')
    return children.map((suite) => ({ ...suite, text: suite.text.trim() }))
  }

  test('a change is a suite and a rule a case; hostile names come back as text', () => {
    const [suite] = suitesOf(hostileChange)
    expect(suite?.attributes).toMatchObject({ tests: '1', failures: '1', errors: '0', skipped: '0' })
    expect(suite?.attributes['name']).toContain('x\ufffd::error::y\ufffd##[add-mask]a]]>--><b a="\'&%0A,:|`*\ufffd[2J')
    const [testcase] = suite?.children ?? []
    expect(testcase?.attributes['name']).toBe('commits-signed')
    expect(testcase?.children[0]).toMatchObject({ name: 'failure', attributes: { type: 'why_not' } })
    expect(testcase?.children[0]?.text).toContain(']]>--><b')
  })

  test.for<{ verdict: Verdict; mode: string; outcome: string }>([
    { verdict: 'pass', mode: 'enforce', outcome: 'none' },
    { verdict: 'waived', mode: 'enforce', outcome: 'system-out' },
    { verdict: 'break_glass', mode: 'enforce', outcome: 'system-out' },
    { verdict: 'not_applicable', mode: 'enforce', outcome: 'skipped' },
    { verdict: 'warn', mode: 'warn', outcome: 'skipped' },
    { verdict: 'warn', mode: 'observe', outcome: 'skipped' },
    { verdict: 'fail', mode: 'enforce', outcome: 'failure' },
    { verdict: 'indeterminate', mode: 'enforce', outcome: 'error' },
    { verdict: 'pending', mode: 'enforce', outcome: 'error' },
  ])('$verdict under $mode is a case with $outcome', ({ verdict, mode, outcome }) => {
    const [suite] = suitesOf(decided([ruleThatSays(verdict, 's', mode)]))
    expect(suite?.children[0]?.children[0]?.name ?? 'none').toBe(outcome)
  })

  test('without changes it is still a document', () => {
    expect(suitesOf()).toEqual([])
  })

  test('any text at all comes back from an attribute and from between tags, or as a replacement', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [suite] = suitesOf(decided([ruleThatSays('fail', text)]))
        expect(suite?.children[0]?.children[0]?.attributes['message']?.length).toBe(text.toWellFormed().length + 6)
      }),
    )
  })
})

describe('github', () => {
  const linesOf = (...decisions: readonly Decided[]): readonly string[] => {
    vi.stubEnv('GITHUB_STEP_SUMMARY', '')
    return printed('github', ...decisions)
      .split('\n')
      .slice(0, -1)
  }

  test('one finding is one command, however hostile its text', () => {
    const [line, ...more] = linesOf(hostileChange)
    expect(more).toEqual([])
    expect(line).toMatch(/^::error title=commits-signed%3A fail::direct 1111111111 on refs\/heads\/x\ufffd::error::y/)
    expect(line).toContain('%250A')
    expect(line).not.toContain('##[')
  })

  test('colons and commas do not end a title', () => {
    const rule = { ...ruleThatSays('fail'), rule: 'a,b:c%' }
    expect(linesOf(decided([rule]))[0]).toMatch(/^::error title=a%2Cb%3Ac%25%3A fail::/)
  })

  test('what passes says nothing; warnings and notices are told as such', () => {
    const lines = linesOf(...(['pass', 'warn', 'waived'] as const).map((verdict) => decided([ruleThatSays(verdict)])))
    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual(['::warning', '::notice'])
  })

  test('beyond ten of a kind the tenth says how many more there are, and those are plain lines', () => {
    const lines = linesOf(...Array.from({ length: 12 }, () => decided([ruleThatSays('fail', HOSTILE)])))
    expect(lines.slice(0, 10).every((line) => line.startsWith('::error '))).toBe(true)
    expect(lines[9]).toContain('3 more stand in the log')
    expect(lines.slice(10).every((line) => line.startsWith('error: '))).toBe(true)
    expect([lines.length, lines.slice(10).some((line) => line.includes('##['))]).toEqual([13, false])
  })

  describe('the job summary', () => {
    function summaryOf(...decisions: readonly Decided[]): string {
      const file = join(mkdtempSync(join(tmpdir(), 'countersign-summary-')), 'summary.md')
      vi.stubEnv('GITHUB_STEP_SUMMARY', file)
      printed('github', ...decisions)
      try {
        return readFileSync(file, 'utf8')
      } finally {
        rmSync(join(file, '..'), { recursive: true })
      }
    }

    test('is a table whose rows and cells nothing from outside can end', () => {
      const summary = summaryOf(hostileChange, decided([ruleThatSays('pass')]))
      expect(summary).toContain('### Countersign: 2 judged')
      const rows = summary.split('\n').filter((line) => line.startsWith('|'))
      expect(rows).toHaveLength(3)
      expect(rows.map((row) => row.split(/(?<!\\)\|/).length)).toEqual([6, 6, 6])
      expect(summary).not.toMatch(CONTROLS)
    })

    test('stays below what GitHub takes and says what it leaves out', () => {
      const long = 'y'.repeat(50_000)
      const summary = summaryOf(...Array.from({ length: 30 }, () => decided([ruleThatSays('fail', long)])))
      expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024)
      expect(summary).toMatch(/\n\d+ more do not fit here/)
    })

    test('that cannot be written is said on standard error and changes nothing else', () => {
      vi.stubEnv('GITHUB_STEP_SUMMARY', '/nonexistent/summary.md')
      expect(printed('github', hostileChange)).toContain('::error ')
      expect(said).toMatch(/^note: the job summary was not written: ENOENT/)
    })
  })
})

describe('yaml', () => {
  test('says the same as json, hostile text included, one document a change', () => {
    const [json] = printed('jsonl', hostileChange).trimEnd().split('\n')
    const documents = parseAllDocuments(printed('yaml', hostileChange, decided([])))
    expect(documents).toHaveLength(2)
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    expect(documents[0]?.toJS()).toEqual(JSON.parse(json as string))
  })
})

describe('a verdict that no rule explains', () => {
  test.for<{ decision: Decided; rule: string; text: string }>([
    {
      decision: decided([ruleThatSays('pass')], { verdict: 'indeterminate', basis: 'policy_malformed_at_base' }),
      rule: 'change-judged',
      text: 'policy malformed at base',
    },
    {
      decision: decided([ruleThatSays('pass')], { verdict: 'indeterminate' }),
      rule: 'change-judged',
      text: 'could not be read',
    },
    {
      decision: decided([ruleThatSays('indeterminate', 's', 'observe')], { verdict: 'indeterminate' }),
      rule: 'change-judged',
      text: 'could not be read',
    },
  ])('is told all the same: $text', ({ decision, rule, text }) => {
    const results = JSON.parse(printed('sarif', decision)).runs[0].results
    const own = results.find(({ ruleId }: { ruleId: string }) => ruleId === rule)
    expect([own.level, own.message.text]).toEqual(['error', expect.stringContaining(text)])
  })

  test('and a change before any policy is a skipped case', () => {
    const suite = readXml(printed('junit', decided([], { basis: 'no_policy_in_force' }))).children[0]
    expect(suite?.attributes['skipped']).toBe('1')
  })
})

describe('objects of verify', () => {
  const signature = {
    scheme: 'ssh',
    status: 'untrusted',
    git: 'U',
    principal: HOSTILE,
    key: null,
    reason: 'unknown_key',
  }
  const line = `${JSON.stringify({ object: OBJECT, type: 'commit', signature, verdict: 'fail' })}\n`

  test.for(OBJECT_FORMATS.filter((format) => format !== 'jsonl'))('%s tells the one that is not trusted', (format) => {
    vi.stubEnv('GITHUB_STEP_SUMMARY', '')
    const printer = printObjects(format, terminal)
    const text = printer.some(line) + printer.end()
    expect(text).not.toMatch(CONTROLS)
    expect(text.replaceAll('_', ' ')).toContain('unknown key')
    expect(text).toContain(OBJECT.slice(0, 12))
  })
})
