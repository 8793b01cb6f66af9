import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Terminal } from './terminal.ts'

/** Runs a command that has been read, and returns the exit code. */
export type Run = (options: never, terminal: Terminal, operands: readonly string[]) => Promise<number>

/** Makes what a command does from its own file, which is loaded only when that command runs. */
export type Runs = (load: () => Promise<Run>) => (...received: unknown[]) => Promise<void>

export function sub(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--no-progress', 'never redraw a line, never colour')
    .option('--ascii', 'no glyphs beyond ASCII')
}

export function data(): Option {
  return new Option('--data <dir>', 'where log, keys and index live (COUNTERSIGN_DATA; XDG data folder)')
}

export function output(choices: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(choices).default(choices[0])
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  if (value === '') throw new InvalidArgumentError('must not be empty')
  return [...before, value]
}

export function positive(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError('must be a whole number from 1 to 999')
  return Number(value)
}

export function moment(value: string): number {
  const milliseconds = Date.parse(value)
  if (!/^\d{4}-\d{2}-\d{2}T/.test(value) || Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError('must be an RFC 3339 time such as 2026-07-03T14:00:00Z')
  }
  return Math.floor(milliseconds / 1000)
}
