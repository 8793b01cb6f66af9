import { stripVTControlCharacters } from 'node:util'
import type { Terminal } from '../../terminal.ts'

/** The widest line that the demo prints, unless a single word is wider. */
const PAGE_WIDTH = 100

/** What the demo prints on: headings, prose and commands, no line wider than 100 columns. */
export interface Page {
  readonly terminal: Terminal
  heading(text: string): Promise<void>
  prose(text: string): Promise<void>
  /** A command that a user would type to get what follows. */
  command(text: string): Promise<void>
  /** Text that is laid out already; only lines that are too wide are broken. */
  block(text: string): Promise<void>
}

export function openPage(terminal: Terminal): Page {
  return {
    terminal,
    heading: (text) => terminal.data(`\n${terminal.paint('bold', text)}\n`),
    prose: (text) => terminal.data(text.replaceAll(/[^\n]+/g, (line) => `${wrap(line.split(' '), 0, 0)}\n`)),
    command: (text) => terminal.data(`${terminal.paint('cyan', layCommand(text))}\n`),
    block: (text) => terminal.data(`${text.replace(/\n$/, '').split('\n').map(layLine).join('\n')}\n`),
  }
}

/** A command, continued as a shell reads it; an option and its value stay together. */
function layCommand(command: string): string {
  const words = `$ ${command}`.split(/ (?=--)|(?<! --[a-z-]+) /)
  return wrap(words, 0, 4, PAGE_WIDTH - 2).replaceAll('\n', ' \\\n')
}

/** What a line begins with before its last column: a verdict, or the name of a detail. */
const COLUMNS = /^(?:\S+ \S+ {2,}|(?:seen|wanted|who): +)?/

/** A laid-out line, broken under its last column where it is too wide. */
function layLine(line: string): string {
  const plain = stripVTControlCharacters(line)
  if (plain.length <= PAGE_WIDTH) return line
  const text = plain.trimStart()
  const lead = plain.length - text.length
  const columns = COLUMNS.exec(text)?.[0].length ?? 0
  return wrap(line.trimStart().split(' '), lead, lead + columns)
}

/** Sets words into lines: the first begins at column `lead`, the others at column `hang`. */
function wrap(words: readonly string[], lead: number, hang: number, width = PAGE_WIDTH): string {
  const lines: string[] = []
  let line: string[] = []
  let end = lead - 1
  for (const word of words) {
    const room = stripVTControlCharacters(word).length + 1
    if (line.length > 0 && end + room > width) {
      lines.push(line.join(' '))
      line = []
      end = hang - 1
    }
    line.push(word)
    end += room
  }
  return `${' '.repeat(lead)}${[...lines, line.join(' ')].join(`\n${' '.repeat(hang)}`)}`
}
