import { changeResult, listOf } from '../../api/documents.ts'
import { RULES } from '../../judge/rules.ts'
import type { CheckedChange } from '../../workflows/check-changes.ts'
import type { Terminal } from '../terminal.ts'
import { formatMarkdownRow, MARKDOWN_HEAD } from './change-markdown.ts'
import { formatChange } from './change-rows.ts'
import { CHANGE_JUDGED, judgedChange } from './findings.ts'
import type { ChangeFormat, ReportFormat } from './formats.ts'
import { jsonText } from './json-text.ts'
import { beginReport } from './reports.ts'
import { yamlText } from './yaml-text.ts'

/** What is to be printed after each judged change, and at the end. */
export interface ChangePrinter {
  readonly one: (checked: CheckedChange) => string
  readonly end: () => string
}

const NOTHING = (): string => ''

/** Begins to print judged changes. `quiet` leaves out of a table what passed. */
export function printChanges(format: ChangeFormat, quiet: boolean, terminal: Terminal): ChangePrinter {
  switch (format) {
    case 'table':
      return {
        one: ({ decision, entry }) =>
          quiet && (decision.verdict === 'pass' || decision.verdict === 'not_applicable')
            ? ''
            : formatChange(decision, entry, terminal),
        end: NOTHING,
      }
    case 'jsonl':
      return { one: ({ decision, entry }) => `${jsonText(changeResult(decision, entry))}\n`, end: NOTHING }
    case 'yaml':
      return { one: ({ decision, entry }) => yamlText(changeResult(decision, entry)), end: NOTHING }
    case 'json':
      return jsonList()
    case 'markdown':
      return markdownTable()
    default:
      return reportOfChanges(format, terminal)
  }
}

function jsonList(): ChangePrinter {
  const results: ReturnType<typeof changeResult>[] = []
  return {
    one: ({ decision, entry }) => {
      results.push(changeResult(decision, entry))
      return ''
    },
    end: () => `${jsonText(listOf(results), 2)}\n`,
  }
}

function markdownTable(): ChangePrinter {
  let rows = 0
  return {
    one: ({ decision, entry }) => {
      rows += 1
      return `${rows === 1 ? MARKDOWN_HEAD : ''}${formatMarkdownRow(decision, entry)}`
    },
    end: () => (rows === 0 ? 'No new changes.\n' : ''),
  }
}

function reportOfChanges(format: ReportFormat, terminal: Terminal): ChangePrinter {
  const report = beginReport(format, { command: 'check', rules: [CHANGE_JUDGED, ...RULES] }, terminal)
  return { one: ({ decision }) => report.one(judgedChange(decision)), end: report.end }
}
