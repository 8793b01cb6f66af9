import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ENGINE } from '../workflows/engine.ts'
import type { Terminal } from './terminal.ts'

/** Runs a command that has been read, and returns the exit code. */
type Run = (options: never, terminal: Terminal, operands: readonly string[]) => Promise<number>

/**
 * The grammar of the command line. Each command's own file is loaded only when that command runs.
 *
 * Returns the exit code; usage errors have been explained on standard error and give 2.
 */
export async function readArguments(args: readonly string[], terminal: Terminal): Promise<number> {
  let exit = 0
  const program = new Command('countersign')
    .description(
      'Makes GitOps provable: verifies every change, judges it, keeps signed evidence and proves it offline.',
    )
    .version(ENGINE.version)
    .configureOutput({ writeOut: (text) => void terminal.data(text), writeErr: (text) => terminal.talk(text) })
    .showHelpAfterError('countersign help COMMAND shows what the command takes')
    .showSuggestionAfterError()
    .exitOverride()
  const runs =
    (load: () => Promise<Run>) =>
    async (...received: unknown[]): Promise<void> => {
      const command = received.at(-1) as Command
      exit = await (await load())(command.optsWithGlobals() as never, terminal, command.args)
    }
  declareCommands(program, runs)
  try {
    await program.parseAsync(args, { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

type Runs = (load: () => Promise<Run>) => (...received: unknown[]) => Promise<void>

function declareCommands(program: Command, runs: Runs): void {
  const sub = (parent: Command, name: string, description: string): Command =>
    parent
      .command(name)
      .description(description)
      .option('--no-progress', 'never redraw a line')
      .option('--ascii', 'no glyphs beyond ASCII')

  sub(program, 'verify', 'verify the signatures of commits and annotated tags')
    .option('--repo <dir>', 'the repository', '.')
    .option('--rev <range>', 'revisions or ranges as git rev-list takes them; HEAD when not given', collect)
    .option('--all', 'every commit that any ref reaches, and every annotated tag')
    .option('--new', 'only what was not verified before under the same keys')
    .option('--allowed-signers <file>', 'SSH keys to trust (ssh-keygen allowed signers)', collect)
    .option('--keyring <file>', 'OpenPGP keys to trust, armoured or binary', collect)
    .option('--x509-roots <file>', 'X.509 roots to trust, PEM or DER', collect)
    .option('--revoked <file>', 'SSH keys no longer to trust (KRL or key list)', collect)
    .option('--data <dir>', 'where log, keys and memory live (COUNTERSIGN_DATA)')
    .option('--threads <n>', 'worker threads; one per core when not given', positive)
    .option('--at <time>', 'judge as of this time (RFC 3339) instead of now', moment)
    .addOption(output(['table', 'jsonl']))
    .action(runs(async () => (await import('./commands/verify.ts')).verify))
}

function output(choices: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(choices).default(choices[0])
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  if (value === '') throw new InvalidArgumentError('must not be empty')
  return [...before, value]
}

function positive(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError('must be a whole number from 1 to 999')
  return Number(value)
}

function moment(value: string): number {
  const milliseconds = Date.parse(value)
  if (!/^\d{4}-\d{2}-\d{2}T/.test(value) || Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError('must be an RFC 3339 time such as 2026-07-03T14:00:00Z')
  }
  return Math.floor(milliseconds / 1000)
}
