import { escapeCell } from './change-markdown.ts'
import { type Judged, levelOf, sayFinding } from './findings.ts'

/** GitHub drops a step's whole summary where it is larger than a mebibyte; some room is left for other commands of the step. */
const MOST_BYTES = 900_000
const HEAD = '| verdict | rule | what | why |\n| --- | --- | --- | --- |\n'

/** Gathers what did not pass as a Markdown table, with an end that says how much it leaves out. */
export class JobSummary {
  #rows = ''
  #bytes = 0
  #judged = 0
  #left = 0

  add(judged: Judged): void {
    this.#judged += 1
    for (const finding of judged.findings) {
      if (levelOf(finding) === null) continue
      const { rule, verdict, observed } = finding
      const cells = [observed ? `${verdict} (observed)` : verdict, rule, judged.name, sayFinding(finding)]
      const row = `| ${cells.map(escapeCell).join(' | ')} |\n`
      this.#bytes += Buffer.byteLength(row)
      if (this.#bytes > MOST_BYTES) this.#left += 1
      else this.#rows += row
    }
  }

  text(): string {
    const left = this.#left === 0 ? '' : `\n${this.#left} more do not fit here and stand in the log of the step.\n`
    const table = this.#rows === '' ? 'Nothing needs saying.\n' : `${HEAD}${this.#rows}`
    return `### Countersign: ${this.#judged} judged\n\n${table}${left}\n`
  }
}
