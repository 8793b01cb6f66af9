import { appendFileSync } from 'node:fs'
import type { Terminal } from '../terminal.ts'
import type { Judged, ReportedRule } from './findings.ts'
import type { ReportFormat } from './formats.ts'
import { GithubAnnotations } from './github-commands.ts'
import { JobSummary } from './job-summary.ts'
import { JUNIT_FOOT, JUNIT_HEAD, junitSuite } from './junit.ts'
import { SarifReport } from './sarif.ts'

/** Makes a report as subjects come: what is to be printed after each, and at the end. */
export interface Report {
  readonly one: (judged: Judged) => string
  readonly end: () => string
}

/** What a report says of itself. */
export interface ReportSubject {
  /** The command that judged, for example `check`. */
  readonly command: string
  readonly rules: readonly ReportedRule[]
}

/** Begins a report. `github` also adds to the file that `GITHUB_STEP_SUMMARY` names, where that is set. */
export function beginReport(format: ReportFormat, { command, rules }: ReportSubject, terminal: Terminal): Report {
  switch (format) {
    case 'sarif':
      return gathering(new SarifReport(command, rules))
    case 'junit':
      return junitReport()
    case 'github':
      return githubReport(process.env['GITHUB_STEP_SUMMARY'] ?? '', terminal)
  }
}

function gathering(report: { add(judged: Judged): void; text(): string }): Report {
  return {
    one: (judged) => {
      report.add(judged)
      return ''
    },
    end: () => report.text(),
  }
}

function junitReport(): Report {
  let head = JUNIT_HEAD
  const once = (): string => {
    const text = head
    head = ''
    return text
  }
  return { one: (judged) => `${once()}${junitSuite(judged)}`, end: () => `${once()}${JUNIT_FOOT}` }
}

function githubReport(summaryFile: string, terminal: Terminal): Report {
  const annotations = new GithubAnnotations()
  const summary = new JobSummary()
  return {
    one: (judged) => {
      annotations.add(judged)
      summary.add(judged)
      return ''
    },
    end: () => {
      if (summaryFile !== '') addSummary(summaryFile, summary.text(), terminal)
      return annotations.text()
    },
  }
}

/** A summary that cannot be written changes no verdict, and is not kept quiet about either. */
function addSummary(file: string, text: string, terminal: Terminal): void {
  try {
    appendFileSync(file, text)
  } catch (error) {
    terminal.talk(`note: the job summary was not written: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
