import { createHash } from 'node:crypto'
import { printable } from '@countersign/verify'
import { ENGINE } from '../../workflows/engine.ts'
import { type Finding, type Judged, type Level, levelOf, type ReportedRule, sayFinding } from './findings.ts'
import { jsonText } from './json-text.ts'

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json'
/** Code scanning shows this many results of a run and leaves the others out without a word. */
const MOST_RESULTS = 5_000
/** Where every rule's mode is set: a location that each result must have, and that is there. */
const POLICY_FILE = '.countersign/policy.yaml'

interface SarifResult {
  readonly ruleId: string
  readonly level: Level
  readonly [more: string]: unknown
}

/** Gathers what did not pass as one SARIF 2.1.0 run (OASIS, §3.14): a result for each rule and subject. */
export class SarifReport {
  readonly #command: string
  readonly #rules: readonly ReportedRule[]
  readonly #results: SarifResult[] = []

  /** `command` tells this run from those of other commands over the same repository. */
  constructor(command: string, rules: readonly ReportedRule[]) {
    this.#command = command
    this.#rules = rules
  }

  add(judged: Judged): void {
    for (const finding of judged.findings) {
      const level = levelOf(finding)
      if (level !== null) this.#results.push(resultOf(judged, finding, level))
    }
  }

  text(): string {
    const shown = (['error', 'warning', 'note'] as const)
      .flatMap((level) => this.#results.filter((result) => result.level === level))
      .slice(0, MOST_RESULTS)
    const left = this.#results.length - shown.length
    const driver = { name: ENGINE.name, semanticVersion: ENGINE.version, rules: this.#rules.map(descriptorOf) }
    const indexes = new Map(this.#rules.map(({ id }, index) => [id, index]))
    const run = {
      tool: { driver },
      automationDetails: { id: `${ENGINE.name}/${this.#command}/` },
      columnKind: 'utf16CodeUnits',
      invocations: [{ executionSuccessful: true, toolExecutionNotifications: left === 0 ? [] : [leftOut(left)] }],
      results: shown.map((result) => ({ ...result, ruleIndex: indexes.get(result.ruleId) ?? -1 })),
    }
    return `${jsonText({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, 2)}\n`
  }
}

function descriptorOf({ id, sentence, controls }: ReportedRule): object {
  const text = `${sentence} Its mode is set under rules.${id} in ${POLICY_FILE}; "countersign explain" shows how an answer came about.`
  return {
    id,
    shortDescription: { text: sentence },
    fullDescription: { text: sentence },
    help: { text },
    defaultConfiguration: { level: 'error' },
    properties: { tags: controls },
  }
}

function resultOf({ name, key }: Judged, finding: Finding, level: Level): SarifResult {
  const { rule, verdict, observed, why } = finding
  const subject = printable(name.toWellFormed())
  return {
    ruleId: rule,
    level,
    message: { text: printable(`${subject}: ${sayFinding(finding)}`) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: POLICY_FILE }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: subject, kind: 'object' }],
      },
    ],
    partialFingerprints: fingerprintsOf(key, rule),
    properties: { verdict, observed, reason: why.reason, key },
  }
}

/** The same from run to run as long as the subject and the rule are. Code scanning looks at the first one only. */
function fingerprintsOf(key: readonly string[], rule: string): Readonly<Record<string, string>> {
  const digest = createHash('sha256')
    .update(JSON.stringify([...key, rule]))
    .digest('hex')
  return { primaryLocationLineHash: `${digest.slice(0, 16)}:1`, 'countersign/v1': digest }
}

function leftOut(count: number): object {
  return { level: 'warning', message: { text: `${count} more results are left out, the mildest first` } }
}
