import { VERDICTS } from '@countersign/verify'
import type { Command } from 'commander'
import { PROBLEMS, Problem, type ProblemCode } from '../workflows/problem.ts'
import { controlsTopic } from './controls-topic.ts'
import { EXIT_CODES } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** When each problem comes up, in the words of docs/errors.md, which an installed package does not carry. */
export const MEANINGS: Readonly<Record<ProblemCode, string>> = {
  not_a_repository: 'The folder is not there, or neither it nor one above it holds a Git repository.',
  repository_not_trusted_by_git: 'The repository belongs to another user, so git refuses to read its configuration.',
  revision_not_found: 'No branch, tag or commit goes by the name that was given.',
  objects_missing:
    'The repository names a commit, tag, tree or file that it does not hold, or holds one that cannot be read.',
  repository_changed: 'What was read first and what was read later do not fit together.',
  git_not_found: 'There is no program called git on PATH.',
  git_failed: 'The program git ended with an error that has no code of its own here, or printed what it should not.',
  file_unreadable: 'A file that an option names is absent, forbidden, a folder or too large.',
  trust_file_malformed:
    'Keys, certificates or a revocation list cannot be used as a whole. Going on without a revocation list would trust what was revoked.',
  policy_malformed:
    'A file below .countersign/ is not as its schema demands, or what lies below .countersign/keys/ cannot count for anything; the message has the file, and line, column and key where there are any.',
  policy_absent: 'There is no .countersign/policy.yaml to judge by.',
  data_folder_unusable: 'The folder for log, record and keys cannot be read or written.',
  data_folder_absent: 'A command that only reads was given a folder without a log.',
  disk_full: 'The disk has no room for what is to be recorded.',
  log_locked: 'Another process held the database of the log for longer than a write waits for it.',
  log_corrupt: 'The record, the tiles and the signed checkpoint contradict each other, or somebody else changed them.',
  log_unavailable:
    'The database or the object store of the log does not answer, or another replica writes the log. What was sent may have been kept; sending it again does not keep it twice.',
  record_missing:
    'The folder holds the tiles of a log and no evidence.db: an older Countersign wrote it, or the database is lost.',
  schema_newer: 'The database was written by a newer Countersign. Nothing is changed in it.',
  duplicate_differs: 'The idempotency key of a piece of evidence was used for other evidence before. Nothing is kept.',
  log_closed: 'Something was to be appended after the log was closed.',
  wrong_key: "The signing key is not the one that the log's checkpoints are signed with.",
  wrong_origin: 'The log in this folder has another name than the one asked for.',
  write_failed: 'The operating system refused to write a file of the log.',
  read_failed: 'The operating system refused to read a file of the log.',
  entry_too_large: 'A statement does not fit into one entry of the log (65,535 bytes).',
  too_many_entries: 'More entries were to be appended at once than the log takes.',
  index_out_of_range: 'The log has fewer entries than the number asked for.',
  bad_digest: 'What was given as a digest is none.',
  blob_corrupt: 'A stored input or policy does not hash to its name any more.',
  key_missing: 'A key file is gone, and there is a log that was made with it.',
  key_retired: 'The key that signs the log was changed while the command ran.',
  key_permissions: 'The signing key can be read by others than its owner.',
  key_not_a_file: 'There is a link or a folder where the signing key should be.',
  key_damaged: "The signing key's file does not hold a whole key.",
  key_unsupported: 'The signing key is of a kind that evidence is not signed with.',
  key_inaccessible: "The signing key's file cannot be opened or made.",
  evidence_not_found: 'No evidence goes by the number or digest that was given.',
  evidence_damaged: "An entry of the log is not evidence that this log's key signed.",
  statement_malformed: 'What was to be recorded is not as its type demands. Nothing was stored.',
  envelope_malformed:
    'What was handed in is no DSSE envelope with one signature around a statement, spelt as Countersign spells it. Nothing was stored.',
  signature_wrong: 'An envelope names a key that is trusted, and that key did not sign it. Nothing was stored.',
  sender_unknown:
    'Evidence was signed with a key that is not trusted to send any, or a sender is named that there is not. Nothing was stored.',
  sender_key_malformed: 'What was given as the key of a sender is no Ed25519 public key in PEM.',
  type_unknown: 'The predicate type of a statement is none that this version records. Nothing was stored.',
  evidence_too_large: 'An entry, an envelope, a payload or a key is longer than may be handed in. Nothing was stored.',
  envelope_missing: 'An entry stands for a long envelope, and that envelope did not come with it. Nothing was stored.',
  about_another_log:
    "A tombstone or a change of key was handed in that speaks of its sender's own log. Nothing was stored.",
  payload_missing: 'Evidence names bytes that neither came with it nor are there. Nothing was stored.',
  payload_differs: 'Bytes came under a digest that is not theirs. Nothing was stored.',
  spool_rolled_back:
    'A spool does not continue what the other log was shown before: it was put back from a copy, or rewritten. Nothing was sent.',
  clock_ahead: 'What was to be recorded says that it is from the future. Nothing was stored.',
  control_unknown: 'A control tag names nothing, may mean several controls, or is of a version that is not known.',
  hold_not_found: 'A hold is to be released, and no command placed one of that name.',
  change_not_found: 'No change goes by the name that was given.',
  witnesses_missing:
    'Fewer witnesses than the policy asks for have cosigned in time, and its setting is to refuse. No receipt was given.',
  witness_policy_malformed:
    'A witness policy or its settings are not as their form demands; the message has file and line.',
  witness_state_missing: "There is a witness's key, but what it has signed is gone.",
  witness_state_corrupt: 'What a witness remembers is damaged, or bears a signature that is not its own.',
  witness_state_unavailable: 'What a witness remembers cannot be read or written now.',
  database_url_malformed:
    'The URL of the database cannot be read, lacks a part, or has a parameter or a file that is not understood.',
  object_url_malformed:
    'The URL of the object store cannot be read, names no bucket, or has a parameter that is not understood.',
  store_unknown: 'What COUNTERSIGN_STORE or COUNTERSIGN_OBJECTS names is no kind of store that there is.',
  backup_by_database:
    'The record is in PostgreSQL, whose own tools make consistent copies of it. Nothing was copied or changed.',
  backup_incomplete: 'What is to be restored does not end as a whole backup does. Nothing was restored.',
  log_rolled_back:
    'A checkpoint is known that is longer than the log: going on would show two logs under one name. Nothing was written.',
  address_unusable: 'A server cannot listen at the address that was named.',
  program_failed: 'A program that the command runs ended with an error.',
  program_missing: 'A program that the command runs is not on PATH.',
  already_there: 'What the command would make exists.',
  usage: 'The command line asks for something that there is not, or for two things that exclude each other.',
}

/** What `countersign help TOPIC` prints, by topic. */
export const TOPICS: Readonly<Record<string, (terminal: Terminal) => string>> = {
  'exit-codes': () => EXIT_CODES.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}\n`).join(''),
  environment: () => `COUNTERSIGN_DATA        the folder for log, keys and index, where --data names none
COUNTERSIGN_STORE       postgresql://… keeps the record there and not in the folder; keys stay in the folder
COUNTERSIGN_OBJECTS     s3://… or an absolute path: keeps tiles and blobs there and not in the folder
XDG_DATA_HOME           where neither does, its folder countersign; ~/.local/share/countersign without it
COUNTERSIGN_ACCESSIBLE  1: no line is redrawn
TERM                    dumb: no colour, and no line is redrawn
NO_COLOR                anything but empty: no colour
FORCE_COLOR             anything but 0: colour in files and pipes too
CLICOLOR_FORCE          the same
GITHUB_STEP_SUMMARY     the file that -o github adds a job summary to
PATH                    where git is looked for

Variables that begin with GIT_ are kept from git: the repository is the one that --repo names.
`,
  formatting: ({ glyphs }) => `Data goes to standard output, everything else to standard error.

-o, --output FORMAT  table for people, json for one document, jsonl and yaml for one document each, markdown for
                     a job summary; sarif, junit and github (annotations) for what shows reports of a job. A
                     command's own help says which it has. The exit code is the same in all.
--ascii              no glyphs beyond ASCII
--no-progress        never redraw a line, never colour

Verdicts, in every format the same words:

${VERDICTS.map((verdict) => `  ${glyphs[verdict]} ${verdict}\n`).join('')}`,
  config: () => `What is judged, and by whose keys, lies in the repository itself:

.countersign/policy.yaml      which branches and tags are controlled, and the mode of each rule
.countersign/identities.yaml  people, services and agents, with their keys
.countersign/controls.yaml    control frameworks of your own, where there are any; countersign help controls says more

Each change is judged by these files as they stand in its base commit; --policy DIR puts a folder in their place.
countersign init writes a first pair.

In the data folder, where there are any: retention.yaml (how long payloads are kept), holds/ (what keeps them longer),
keys/senders/ (whose evidence is taken).

Log, keys and index lie in the folder that --data names; countersign help environment says where it is otherwise.
`,
  controls: controlsTopic,
}

/** Prints what its operands name: a command, one of {@link TOPICS} or an error code; without any, the whole grammar. */
export function help(
  program: Command,
): (options: never, terminal: Terminal, operands: readonly string[]) => Promise<number> {
  return async (_options, terminal, words) => {
    const command = commandAt(program, words)
    if (command !== null) {
      command.outputHelp()
      return 0
    }
    const name = words.join(' ')
    const topic = Object.hasOwn(TOPICS, name) ? TOPICS[name]?.(terminal) : problemTopic(name)
    if (topic === undefined) throw new Problem('usage', unknownText(program, name))
    await terminal.data(topic)
    return 0
  }
}

function commandAt(command: Command, [word, ...rest]: readonly string[]): Command | null {
  if (word === undefined) return command
  const inner = command.commands.find((candidate) => candidate.name() === word)
  return inner === undefined ? null : commandAt(inner, rest)
}

function problemTopic(name: string): string | undefined {
  const code = PROBLEM_CODES.find((candidate) => candidate === name)
  if (code === undefined) return undefined
  const { exit, remedy } = PROBLEMS[code]
  const meaningOfExit = EXIT_CODES.find(([candidate]) => candidate === exit)?.[1]
  return `${code}\n\n  meaning  ${MEANINGS[code]}\n  remedy   ${remedy}\n  exit     ${exit}, ${meaningOfExit}\n`
}

const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[]

function unknownText(program: Command, name: string): string {
  const names = [...program.commands.map((command) => command.name()), ...Object.keys(TOPICS), ...PROBLEM_CODES]
  const near = names
    .map((candidate) => ({ candidate, distance: editDistance(name.slice(0, LONGEST_NAME), candidate) }))
    .sort((a, b) => a.distance - b.distance)[0]
  const hint = near !== undefined && near.distance <= near.candidate.length / 2 ? near.candidate : null
  const advice = hint === null ? 'countersign help lists what there is' : `did you mean "${hint}"?`
  return `there is no command, topic or error code "${name}": ${advice}`
}

/** Nothing that has a name here is longer; the distance takes time in proportion to the length. */
const LONGEST_NAME = 40

/** How many letters must be put in, taken out or changed to make one word the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [line, letter] of [...from].entries()) {
    let left = line + 1
    row = row.map((above, column) => {
      if (column === 0) return left
      const changed = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1)
      left = Math.min(above + 1, left + 1, changed)
      return left
    })
  }
  return row.at(-1) ?? 0
}
