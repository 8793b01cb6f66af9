import { VERDICTS } from '@countersign/verify'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ENGINE } from '../workflows/engine.ts'
import { declareEvidence, declareSenders } from './evidence-grammar.ts'
import { collect, data, moment, output, positive, type Run, type Runs, sub } from './grammar-parts.ts'
import { CHANGE_FORMATS, OBJECT_FORMATS } from './output/formats.ts'
import { declareStores } from './store-grammar.ts'
import type { Terminal } from './terminal.ts'

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

function declareCommands(program: Command, runs: Runs): void {
  declareDaily(program, runs)
  declareRecords(program, runs)
  declareSetUp(program, runs)
}

function declareDaily(program: Command, runs: Runs): void {
  withRekorKeys(withTrust(sub(program, 'verify', 'verify the signatures of commits and annotated tags')))
    .option('--repo <dir>', 'the repository', '.')
    .option('--rev <range>', 'revisions or ranges as git rev-list takes them; HEAD when not given', collectRevision)
    .option('--all', 'every commit that any ref reaches, and every annotated tag')
    .option('--new', 'only what was not verified before under the same keys')
    .addOption(data())
    .option('--threads <n>', 'worker threads; one per core when not given', positive)
    .addOption(at())
    .addOption(output(OBJECT_FORMATS))
    .action(runs(async () => (await import('./commands/verify.ts')).verify))
  sub(program, 'check', 'judge every change since the last look, and record the decisions')
    .option('--repo <dir>', 'the repository', '.')
    .option('--ref <name>', 'a branch or full ref name; every controlled ref when not given', collect)
    .option('--policy <dir>', 'a policy folder to judge by, instead of .countersign/ in each base commit')
    .addOption(data())
    .option('--name <name>', 'a name for the repository; the address of origin when not given')
    .option('--no-record', 'judge only, keep no evidence')
    .addOption(
      new Option('--fail-on <verdict>', 'the mildest verdict that fails').choices(['fail', 'warn']).default('fail'),
    )
    .option('-q, --quiet', 'show only what did not pass')
    .addOption(at())
    .addOption(output(CHANGE_FORMATS))
    .action(runs(async () => (await import('./commands/check.ts')).check))
  sub(program, 'replay', 'make recorded decisions again, and say whether they are the same')
    .argument('[evidence...]', 'index in the log, or the beginning of an object id; all when not given')
    .option('--policy <dir>', 'judge by this policy instead, to see what would change')
    .option('--last <n>', 'only the newest n', positive)
    .addOption(data())
    .addOption(output(['table', 'jsonl']))
    .action(runs(async () => (await import('./commands/replay.ts')).replay))
  sub(program, 'explain', 'show why a change was judged as it was, and what would have passed')
    .argument('[change]', 'index in the log, or the beginning of an object id; the newest when not given')
    .addOption(data())
    .addOption(output(['table', 'json']))
    .action(runs(async () => (await import('./commands/explain.ts')).explain))
}

function declareRecords(program: Command, runs: Runs): void {
  const change = program.command('change').description('changes that were judged')
  withFilters(sub(change, 'list', 'list changes with their latest verdict')).action(
    runs(async () => (await import('./commands/change.ts')).changeList),
  )
  sub(change, 'show', 'show one change and the whole explanation of its verdict')
    .argument('<change>', 'index in the log, or the beginning of an object id')
    .addOption(data())
    .addOption(output(['table', 'json']))
    .action(runs(async () => (await import('./commands/explain.ts')).explain))
  declareEvidence(program, runs)
  declareLog(program, runs)
  declareWitness(program, runs)
  declarePackets(program, runs)
}

function declarePackets(program: Command, runs: Runs): void {
  const packet = program.command('packet').description('what an auditor takes away and proves offline')
  sub(packet, 'export', 'write a packet of evidence: a zip, or a folder')
    .argument('[target]', 'a name that ends in .zip, or a folder to make', 'packet.zip')
    .option('--evidence <name>', 'only this: index in the log, or the beginning of an object id', collect)
    .option('--repository <name>', 'only changes of the repository with this name')
    .addOption(data())
    .action(runs(async () => (await import('./commands/packet.ts')).packetExport))
  sub(packet, 'verify', 'prove a packet offline')
    .argument('<packet>', 'a folder or a zip')
    .option('--log-key <key>', "the log's verifier key or a file that holds it, from elsewhere than the packet")
    .option('--evidence-key <file>', 'the public key that signs evidence (PEM), from elsewhere than the packet')
    .option('--at <time>', 'prove as of this time (RFC 3339) instead of now')
    .addOption(output(['text', 'json']))
    .action(runs(async () => (await import('./commands/packet.ts')).packetVerify))
}

function declareLog(program: Command, runs: Runs): void {
  const log = program.command('log').description('the tamper-evident log')
  sub(log, 'fsck', 'check the whole log and everything that its evidence names')
    .option('--since-last', 'only what was added since it was last found sound, and that the log continues that')
    .addOption(data())
    .addOption(output(['table', 'jsonl']))
    .action(runs(async () => (await import('./commands/log.ts')).logFsck))
  sub(log, 'checkpoint', 'print the newest signed checkpoint')
    .addOption(data())
    .action(runs(async () => (await import('./commands/log.ts')).logCheckpoint))
  sub(log, 'key', 'print the verifier key that others check checkpoints with')
    .option('--evidence', 'print the public key that signs evidence instead (PEM)')
    .option('--all', 'print every key that the log has had, and the sizes of its checkpoints')
    .addOption(data())
    .action(runs(async () => (await import('./commands/log.ts')).logKey))
  sub(log, 'rotate-key', 'give the log a new key; what the old one signed stays valid')
    .addOption(data())
    .action(runs(async () => (await import('./commands/log.ts')).logRotateKey))
  declareSenders(log, runs)
  declareStores(program, log, runs)
}

function declareWitness(program: Command, runs: Runs): void {
  const witness = program.command('witness').description("cosigning other people's logs")
  const named = (command: Command): Command =>
    command
      .option('--name <name>', 'what the witness is called, such as witness.example.com/w1; kept once given')
      .addOption(data())
  named(
    sub(witness, 'key', "print the verifier key of this data folder's witness, making the witness when there is none"),
  ).action(runs(async () => (await import('./commands/witness.ts')).witnessKey))
  named(sub(witness, 'serve', 'cosign the checkpoints of logs, over HTTP (c2sp.org/tlog-witness)'))
    .requiredOption('--logs <file>', 'a policy file (c2sp.org/tlog-policy) whose log lines name the logs to cosign')
    .requiredOption('--listen <address>', 'host and port, such as 127.0.0.1:8421; port 0 for any that is free', address)
    .option('--prefix <path>', 'what stands in front of every path, such as /witness', prefix, '')
    .action(runs(async () => (await import('./commands/witness.ts')).witnessServe))
}

function declareSetUp(program: Command, runs: Runs): void {
  withRekorKeys(
    withTrust(sub(program, 'init', 'write a first .countersign/ into a work tree, people and keys imported')),
  )
    .option('--repo <dir>', 'the work tree', '.')
    .action(runs(async () => (await import('./commands/init.ts')).init))
  withTrust(sub(program, 'demo', 'show the whole job on a small repository made for it, or on your own, read-only'))
    .option('--repo <dir>', 'look at this repository instead; nothing is written to it')
    .option('--ref <name>', 'with --repo: the branch, instead of the one that is checked out')
    .option('--last <n>', 'with --repo: show the newest n changes', positive, 20)
    .option('--data <dir>', 'where evidence goes; a folder of its own when not given')
    .option('--clean', 'remove the folder of the demo at the end')
    .action(runs(async () => (await import('./commands/demo.ts')).demo))
  sub(program, 'doctor', 'look whether everything that Countersign needs is there')
    .option('--repo <dir>', 'the repository', '.')
    .addOption(data())
    .action(runs(async () => (await import('./commands/doctor.ts')).doctor))
  sub(program, 'completion', 'print a completion script')
    .argument('<shell>', 'bash, zsh or fish')
    .action(runs(async () => (await import('./commands/completion.ts')).completion(program)))
  program
    .command('help')
    .description('explain a command, a topic (exit-codes, environment, formatting, config, controls) or an error code')
    .argument('[name...]', 'a command, a topic, or the code of an error')
    .action(runs(async () => (await import('./help-topics.ts')).help(program)))
}

function withTrust(command: Command): Command {
  return command
    .option('--allowed-signers <file>', 'SSH keys to trust (ssh-keygen allowed signers)', collect)
    .option('--keyring <file>', 'OpenPGP keys to trust, armoured or binary', collect)
    .option(
      '--x509-roots <file>',
      'X.509 roots and intermediates, PEM or DER; only self-signed ones are anchors',
      collect,
    )
    .option('--revoked <file>', 'SSH keys no longer to trust (KRL or key list)', collect)
}

function withRekorKeys(command: Command): Command {
  return command.option(
    '--rekor-key <file>',
    'public key of a Rekor log whose times to trust (gitsign), PEM or DER',
    collect,
  )
}

function withFilters(command: Command): Command {
  return command
    .option('--ref <name>', 'only this branch or tag')
    .addOption(new Option('--verdict <verdict>', 'only this verdict').choices(VERDICTS))
    .option('--control <id>', 'only what supports this control, for example CC8.1')
    .addOption(data())
    .addOption(output(['table', 'json', 'jsonl']))
}

function at(): Option {
  return new Option('--at <time>', 'judge as of this time (RFC 3339) instead of now').argParser(moment)
}

function collectRevision(value: string, before?: readonly string[]): readonly string[] {
  // git would read it as one of its own options.
  if (value.startsWith('-')) throw new InvalidArgumentError('must not begin with a dash')
  return collect(value, before)
}

function address(value: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(value) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError('must be a host and a port, such as 127.0.0.1:8421 or [::1]:8421')
  }
  return { host, port: Number(port) }
}

function prefix(value: string): string {
  if (/^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(value)) return value.replace(/\/$/, '')
  throw new InvalidArgumentError('must be a path such as /witness')
}
