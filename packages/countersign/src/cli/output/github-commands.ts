import { printable } from '@countersign/verify'
import { type Judged, type Level, levelOf, sayFinding } from './findings.ts'

/** As many annotations of one kind as GitHub shows for a step. */
const MOST_SHOWN = 10
const COMMANDS: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', note: 'notice' }

interface Annotation {
  readonly title: string
  readonly text: string
}

/** Gathers findings as annotations of a GitHub Actions job (workflow commands). */
export class GithubAnnotations {
  readonly #annotations: Readonly<Record<Level, Annotation[]>> = { error: [], warning: [], note: [] }

  add({ name, findings }: Judged): void {
    for (const finding of findings) {
      const level = levelOf(finding)
      if (level === null) continue
      const title = `${finding.rule}: ${finding.verdict.replaceAll('_', ' ')}`
      this.#annotations[level].push({ title, text: `${name}: ${sayFinding(finding)}` })
    }
  }

  /** All of them: as commands as far as GitHub shows them, and below those as plain lines of the job's log. */
  text(): string {
    return (['error', 'warning', 'note'] as const).map((level) => shown(level, this.#annotations[level])).join('')
  }
}

function shown(level: Level, annotations: readonly Annotation[]): string {
  if (annotations.length <= MOST_SHOWN) return annotations.map((one) => command(level, one)).join('')
  const rest = annotations.slice(MOST_SHOWN - 1)
  return [
    ...annotations.slice(0, MOST_SHOWN - 1).map((one) => command(level, one)),
    command(level, { title: 'countersign', text: `${rest.length} more stand in the log of this step` }),
    ...rest.map(({ title, text }) => `${COMMANDS[level]}: ${plain(`${title}: ${text}`)}\n`),
  ].join('')
}

function command(level: Level, { title, text }: Annotation): string {
  return `::${COMMANDS[level]} title=${escapeProperty(title)}::${escapeData(text)}\n`
}

/** Text in which no line ends and no command of the old kind (`##[`, anywhere in a line) begins. */
function plain(text: string): string {
  return printable(text).replaceAll('##[', '## [')
}

/** GitHub undoes these escapes in what follows the second `::`. */
function escapeData(text: string): string {
  return plain(text).replaceAll('%', '%25')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
