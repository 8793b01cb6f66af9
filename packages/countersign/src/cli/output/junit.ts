import { printable } from '@countersign/verify'
import { type Finding, type Judged, levelOf, sayFinding } from './findings.ts'

/** What stands before the first suite of a JUnit report. */
export const JUNIT_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="countersign">\n'
/** What stands after the last one. */
export const JUNIT_FOOT = '</testsuites>\n'

type Outcome = 'passed' | 'failure' | 'error' | 'skipped'

/**
 * One subject as a test suite with a case for each rule. A refusal is a `failure`; what could not be told or is still to come is an
 * `error`; what does not apply or only warns is `skipped`, since JUnit has no warning.
 */
export function junitSuite({ name, findings }: Judged): string {
  const outcomes = findings.map(outcomeOf)
  const count = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length
  const counts = `tests="${findings.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
  const cases = findings.map((finding) => junitCase(name, finding)).join('')
  return `  <testsuite name="${xml(name)}" ${counts} time="0">\n${cases}  </testsuite>\n`
}

function junitCase(name: string, finding: Finding): string {
  const outcome = outcomeOf(finding)
  const head = `    <testcase classname="${xml(name)}" name="${xml(finding.rule)}" time="0"`
  if (outcome === 'passed' && levelOf(finding) === null) return `${head}/>\n`
  const said = xml(sayFinding(finding))
  if (outcome === 'passed') return `${head}><system-out>${xml(finding.verdict)}: ${said}</system-out></testcase>\n`
  const message = xml(`${finding.verdict}: ${finding.why.sentence}`)
  if (outcome === 'skipped') return `${head}><skipped message="${message}"/></testcase>\n`
  return `${head}><${outcome} type="${xml(finding.why.reason)}" message="${message}">${said}</${outcome}></testcase>\n`
}

function outcomeOf({ verdict, observed }: Finding): Outcome {
  switch (verdict) {
    case 'pass':
    case 'waived':
    case 'break_glass':
      return 'passed'
    case 'not_applicable':
    case 'warn':
      return 'skipped'
    case 'fail':
      return observed ? 'skipped' : 'failure'
    case 'indeterminate':
    case 'pending':
      return observed ? 'skipped' : 'error'
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text for XML 1.0, which has no spelling at all for control characters, lone surrogates and U+FFFE and U+FFFF. */
function xml(text: string): string {
  const allowed = printable(text.toWellFormed()).replaceAll(/[\ufffe\uffff]/g, '\ufffd')
  return allowed.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
