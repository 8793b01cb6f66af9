import type { Terminal } from '../terminal.ts'
import { judgedObject, SIGNED_AND_TRUSTED } from './findings.ts'
import type { ObjectFormatName, ReportFormat } from './formats.ts'
import { formatObjectRows, readObjectLines } from './object-rows.ts'
import { beginReport } from './reports.ts'
import { yamlText } from './yaml-text.ts'

/** What is to be printed for each run of object lines, and at the end. */
export interface ObjectPrinter {
  readonly some: (lines: string) => string
  readonly end: () => string
}

/** Begins to print object lines in another format than their own. */
export function printObjects(format: Exclude<ObjectFormatName, 'jsonl'>, terminal: Terminal): ObjectPrinter {
  switch (format) {
    case 'table':
      return { some: (lines) => formatObjectRows(lines, terminal), end: () => '' }
    case 'yaml':
      return { some: (lines) => readObjectLines(lines).map(yamlText).join(''), end: () => '' }
    default:
      return reportOfObjects(format, terminal)
  }
}

function reportOfObjects(format: ReportFormat, terminal: Terminal): ObjectPrinter {
  const report = beginReport(format, { command: 'verify', rules: [SIGNED_AND_TRUSTED] }, terminal)
  return {
    some: (lines) =>
      readObjectLines(lines)
        .map((line) => report.one(judgedObject(line)))
        .join(''),
    end: report.end,
  }
}
