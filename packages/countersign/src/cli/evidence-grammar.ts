import { VERDICTS } from '@countersign/verify'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect, data, moment, output, type Runs, sub } from './grammar-parts.ts'

/** The part of the grammar that is about evidence of every type: what is kept of it, where it comes from, where it goes. */
export function declareEvidence(program: Command, runs: Runs): void {
  const evidence = program.command('evidence').description('signed evidence in the log')
  sub(evidence, 'list', 'list evidence of every type in log order')
    .option('--digest <sha256>', 'only the evidence with this digest', digest)
    .option('--subject <name>', 'only about this: a whole object id, or kind:value such as ref:refs/heads/main')
    .option('--type <type>', 'only of this predicate type: its last word, such as change-decision, or the whole of it')
    .option('--control <id>', 'only what supports this control, for example CC8.1')
    .option('--source <name>', 'only what this source said')
    .option('--since <time>', 'only what was recorded at this time (RFC 3339) or later', moment)
    .option('--until <time>', 'only what was recorded before this time', moment)
    .option('--ref <name>', 'only decisions on this branch or tag')
    .addOption(new Option('--verdict <verdict>', 'only decisions with this verdict').choices(VERDICTS))
    .option('--after <index>', 'only what lies behind this place in the log', count)
    .option('--limit <n>', 'at most so many, one or more', positive)
    .addOption(data())
    .addOption(output(['table', 'json', 'jsonl']))
    .action(runs(async () => (await import('./commands/list-evidence.ts')).evidenceList))
  sub(evidence, 'show', 'print one piece of evidence')
    .argument('<evidence>', 'index in the log, or the beginning of an object id or digest')
    .addOption(data())
    .addOption(output(['statement', 'envelope', 'proof']))
    .action(runs(async () => (await import('./commands/evidence.ts')).evidenceShow))
  sub(evidence, 'verify', 'check signatures, inclusion proofs and named bytes')
    .argument('[evidence...]', 'index in the log, or the beginning of an object id or digest; all when not given')
    .addOption(data())
    .action(runs(async () => (await import('./commands/evidence.ts')).evidenceVerify))
  declareRetention(evidence, runs)
  declareSources(program, runs)
  sub(program, 'sync', 'deliver what another log does not have yet, in order and each piece once')
    .requiredOption('--to <dir>', 'the data folder of the other log')
    .option('--dry-run', 'say what would be delivered, and change nothing')
    .addOption(data())
    .addOption(output(['table', 'json', 'jsonl']))
    .action(runs(async () => (await import('./commands/sync.ts')).sync))
}

function declareRetention(evidence: Command, runs: Runs): void {
  sub(evidence, 'prune', 'remove payloads whose time is over, each after its tombstone is in the log')
    .requiredOption('--by <who>', 'who removes them, for the tombstones')
    .option('--dry-run', 'say what would go, and change nothing')
    .option('--erase <sha256>', 'remove this payload instead, because a person it is about has asked', collect)
    .option('--request <name>', 'with --erase: what the request is called')
    .option('--finish-all', 'try again to remove everything that a tombstone gave up, and not only the newest')
    .addOption(data())
    .addOption(output(['table', 'json', 'jsonl']))
    .action(runs(async () => (await import('./commands/retention.ts')).evidencePrune))
  sub(evidence, 'hold', 'keep payloads whatever their class says; everything, where nothing narrows it')
    .argument('<id>', 'what the hold is called')
    .requiredOption('--why <reason>', 'why, in one line')
    .requiredOption('--by <who>', 'who wants it')
    .option('--subject <name>', 'only what evidence about this names, as kind:value', collect)
    .option('--type <type>', 'only what evidence of this predicate type names', collect)
    .option('--class <name>', 'only what is of this retention class', collect)
    .option('--payload <sha256>', 'only this payload', collect)
    .option('--since <time>', 'only what was recorded at this time (RFC 3339) or later', moment)
    .option('--until <time>', 'only what was recorded before this time', moment)
    .addOption(data())
    .action(runs(async () => (await import('./commands/retention.ts')).evidenceHold))
  sub(evidence, 'release', 'end a hold that evidence hold placed')
    .argument('<id>', 'what the hold is called')
    .addOption(data())
    .action(runs(async () => (await import('./commands/retention.ts')).evidenceRelease))
}

function declareSources(program: Command, runs: Runs): void {
  const source = program.command('source').description('how the places that facts come from were observed')
  const observed = (command: Command): Command =>
    command
      .argument('<source>', 'kind:instance, as in github-audit-log:acme')
      .requiredOption('--observer <name>', 'who watches')
      .option('--at <time>', "when, by the observer's clock (RFC 3339); now when not given", moment)
      .option(
        '--memory <reach>',
        'how far back the source can be asked: 180d, 12h, entries:10/2h (ten, two hours now) or none',
        reach,
      )
      .addOption(data())
  observed(sub(source, 'heartbeat', 'record the sign that a source is being observed'))
    .requiredOption('--since <time>', 'since when it was watched without a break (RFC 3339)', moment)
    .option('--within <seconds>', 'the next heartbeat comes within so many seconds', count, 600)
    .action(runs(async () => (await import('./commands/source.ts')).sourceHeartbeat))
  observed(sub(source, 'backfill', 'record that a source was asked afterwards'))
    .requiredOption('--from <time>', 'from when (RFC 3339)', moment)
    .requiredOption('--to <time>', 'up to when', moment)
    .requiredOption('--found <n>', 'how many facts were found and recorded', count)
    .action(runs(async () => (await import('./commands/source.ts')).sourceBackfill))
  sub(source, 'gaps', 'find and record when sources were not observed, and warn of what will be forgotten')
    .argument('[source]', 'only this one; every source that had a heartbeat when not given')
    .option(
      '--from <time>',
      'look at the time from here on (RFC 3339); from the first heartbeat when not given',
      moment,
    )
    .addOption(
      new Option('--fail-on <verdict>', 'the mildest verdict that fails').choices(['fail', 'warn']).default('fail'),
    )
    .addOption(data())
    .addOption(output(['table', 'json', 'jsonl']))
    .action(runs(async () => (await import('./commands/source.ts')).sourceGaps))
}

/** The commands below `log` about whose evidence is taken. */
export function declareSenders(log: Command, runs: Runs): void {
  sub(log, 'trust-sender', 'take evidence that is signed with the key in a file')
    .argument('<file>', 'the public key that countersign log key --evidence prints (PEM)')
    .option('--name <name>', "what the sender is called; the file's name without its ending when not given")
    .addOption(data())
    .action(runs(async () => (await import('./commands/senders.ts')).trustSender))
  sub(log, 'retire-sender', 'take no more evidence from a sender; what it sent stays as it is')
    .argument('<name>', 'what the sender is called')
    .addOption(data())
    .action(runs(async () => (await import('./commands/senders.ts')).retireSender))
  sub(log, 'senders', 'list the senders whose evidence is taken')
    .addOption(data())
    .addOption(output(['table', 'json', 'jsonl']))
    .action(runs(async () => (await import('./commands/senders.ts')).listSenders))
}

function digest(value: string): string {
  if (!/^[0-9a-f]{64}$/.test(value)) throw new InvalidArgumentError('must be 64 lower-case hex digits')
  return value
}

function positive(value: string): number {
  const number = count(value)
  if (number === 0) throw new InvalidArgumentError('It must be one or more.')
  return number
}

function count(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('must be a whole number')
  return Number(value)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** How far back a source can be asked, as `SourceMemory` says it. */
function reach(value: string): unknown {
  const [, entries, , time] = /^(?:entries:([1-9]\d{0,6})(\/))?(\d{1,6}[smhd])$/.exec(value) ?? []
  if (value === 'none') return { kind: 'none' }
  if (time === undefined) throw new InvalidArgumentError('must be such as 180d, 12h, entries:10/2h or none')
  const seconds = Number(time.slice(0, -1)) * (UNITS[time.slice(-1)] ?? 1)
  return entries === undefined ? { kind: 'time', seconds } : { kind: 'entries', entries: Number(entries), seconds }
}
