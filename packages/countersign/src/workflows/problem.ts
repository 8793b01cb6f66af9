/**
 * Every way in which Countersign can refuse to go on, with what to do about it. docs/errors.md lists the same codes;
 * `problem.test.ts` holds the two equal.
 *
 * `exit` is the command line's exit code: 2 bad usage or configuration, 3 could not tell, 4 not authorised.
 */
export const PROBLEMS = {
  not_a_repository: { exit: 2, remedy: 'name a folder that holds a Git repository with --repo DIR' },
  repository_not_trusted_by_git: { exit: 4, remedy: 'run: git config --global --add safe.directory DIR' },
  revision_not_found: { exit: 2, remedy: 'check the spelling, or fetch the branch or tag first' },
  objects_missing: {
    exit: 3,
    remedy: 'the clone is shallow, partial or damaged: run git fetch --unshallow, git fetch --refetch or git fsck',
  },
  repository_changed: { exit: 3, remedy: 'objects or refs changed while they were read: run the command again' },
  git_not_found: { exit: 2, remedy: 'install git 2.36 or newer and make sure that it is on PATH' },
  git_failed: { exit: 3, remedy: 'read what git said above; git fsck tells whether the repository is damaged' },
  file_unreadable: { exit: 2, remedy: 'check the path and its permissions' },
  trust_file_malformed: { exit: 2, remedy: 'mend the line that is named, or leave the file out' },
  policy_malformed: {
    exit: 2,
    remedy: 'mend the key or rename the file that is named; the schemas are in docs/schemas/',
  },
  policy_absent: {
    exit: 2,
    remedy: 'run countersign init and commit .countersign/, or name a policy folder with --policy DIR',
  },
  data_folder_unusable: { exit: 2, remedy: 'name a folder that you can write with --data DIR or COUNTERSIGN_DATA' },
  data_folder_absent: { exit: 2, remedy: 'name the folder with --data DIR or run countersign check first' },
  disk_full: { exit: 3, remedy: 'free some space and run the command again: nothing that was acknowledged is lost' },
  log_locked: { exit: 3, remedy: 'another countersign is writing to this log: wait until it has ended' },
  log_corrupt: { exit: 3, remedy: 'run countersign log fsck; restore the files that it names from a backup' },
  log_unavailable: { exit: 3, remedy: 'look at the database and the network, then run the command again' },
  record_missing: {
    exit: 2,
    remedy: 'run countersign log import: it makes evidence.db from the tiles of the log',
  },
  schema_newer: { exit: 2, remedy: 'a newer Countersign wrote this database: use that version or a newer one' },
  duplicate_differs: { exit: 2, remedy: 'give each piece of evidence a key of its own' },
  log_closed: { exit: 70, remedy: 'report this: it is a fault of Countersign' },
  wrong_key: {
    exit: 2,
    remedy: 'this log was begun with another key: put that key back, or begin a new log with --data DIR',
  },
  wrong_origin: { exit: 2, remedy: 'this log was begun under another name: name its own folder with --data DIR' },
  write_failed: { exit: 3, remedy: 'look at the disk and its permissions, then run the command again' },
  read_failed: { exit: 3, remedy: 'look at the disk and its permissions, then run the command again' },
  entry_too_large: { exit: 70, remedy: 'report this: it is a fault of Countersign' },
  too_many_entries: { exit: 70, remedy: 'report this: it is a fault of Countersign' },
  index_out_of_range: { exit: 2, remedy: 'countersign evidence list shows what there is' },
  bad_digest: { exit: 2, remedy: 'a digest is 64 lower-case hex digits' },
  blob_corrupt: { exit: 3, remedy: 'restore the file that is named from a backup: its bytes have changed' },
  key_missing: {
    exit: 2,
    remedy: 'restore keys/ from a backup; without the log key no new evidence can be added to this log',
  },
  key_retired: { exit: 3, remedy: 'run the command again: it will use the key that signs now' },
  key_permissions: {
    exit: 2,
    remedy: 'chmod 600 the key file and chmod 700 its folder, and ask who could have read it',
  },
  key_not_a_file: { exit: 2, remedy: 'the key must be a plain file, not a link or a folder' },
  key_damaged: { exit: 2, remedy: 'restore the key file from a backup; without it no new evidence can be signed' },
  key_unsupported: { exit: 2, remedy: 'the key must be an ed25519 key in PKCS#8 PEM' },
  key_inaccessible: { exit: 2, remedy: 'check the path and its permissions' },
  evidence_not_found: { exit: 2, remedy: 'countersign evidence list shows what there is' },
  evidence_damaged: { exit: 3, remedy: 'run countersign log fsck; restore the files that it names from a backup' },
  statement_malformed: { exit: 2, remedy: 'mend the field that is named; docs/formats/ describes each type' },
  envelope_malformed: { exit: 2, remedy: 'send the envelope byte for byte as Countersign wrote it' },
  signature_wrong: { exit: 2, remedy: 'send the envelope as it was signed; if it was, ask who changed it on the way' },
  sender_unknown: {
    exit: 4,
    remedy: 'have the sender run countersign log key --evidence, then run countersign log trust-sender FILE here',
  },
  sender_key_malformed: {
    exit: 2,
    remedy: 'name a file with an Ed25519 public key in PEM, as countersign log key --evidence prints it',
  },
  type_unknown: { exit: 2, remedy: 'a newer Countersign may know this type: update the one that takes it in' },
  evidence_too_large: {
    exit: 2,
    remedy: 'send what is too long for an entry as a reference; docs/formats/ has the bounds',
  },
  envelope_missing: { exit: 2, remedy: 'send the envelope with the reference that stands for it' },
  about_another_log: { exit: 2, remedy: 'keep it in the log that it speaks of: countersign sync leaves it there' },
  payload_missing: {
    exit: 2,
    remedy: 'send the bytes that are named with the evidence; they may have been pruned there',
  },
  payload_differs: { exit: 2, remedy: 'send the bytes again: they were changed on the way or where they lay' },
  spool_rolled_back: {
    exit: 3,
    remedy: 'the spool was put back from an older copy or rewritten: look for the newer one, and keep both as they are',
  },
  clock_ahead: { exit: 3, remedy: 'set the clock of the machine that is named, then send it again' },
  control_unknown: {
    exit: 2,
    remedy: 'countersign help controls lists frameworks and versions; docs/controls.md has every id',
  },
  hold_not_found: {
    exit: 2,
    remedy: 'look into holds/ of the data folder; a hold in retention.yaml is given its end there',
  },
  change_not_found: {
    exit: 2,
    remedy: 'countersign change list shows what has been judged; countersign check judges more',
  },
  witnesses_missing: {
    exit: 3,
    remedy: 'the evidence is kept: ask the keepers of the witnesses that are named, then run the command again',
  },
  witness_policy_malformed: {
    exit: 2,
    remedy: 'mend the line that is named; docs/formats/witness-policy.md has the form',
  },
  witness_state_missing: {
    exit: 2,
    remedy:
      'give the witness a new key and tell the keepers of its logs: a backup may have forgotten what it signed since',
  },
  witness_state_corrupt: {
    exit: 3,
    remedy:
      'give the witness a new key and tell the keepers of its logs: a backup may have forgotten what it signed since',
  },
  witness_state_unavailable: { exit: 3, remedy: 'look at the disk and its permissions, then run the command again' },
  database_url_malformed: {
    exit: 2,
    remedy:
      'write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE; docs/operations/postgresql.md has the parameters',
  },
  object_url_malformed: {
    exit: 2,
    remedy: 'write it as s3://BUCKET/PREFIX?region=REGION; docs/operations/object-storage.md has the parameters',
  },
  store_unknown: {
    exit: 2,
    remedy:
      'name a database as postgresql://…, files as s3://… or an absolute path; nothing for both keeps all in DATA',
  },
  backup_by_database: {
    exit: 2,
    remedy: 'back it up with pg_dump and the objects beside it: docs/operations/postgresql.md says in which order',
  },
  backup_incomplete: { exit: 2, remedy: 'the backup was cut off, or this is none: use another one' },
  log_rolled_back: {
    exit: 3,
    remedy: 'look for a newer backup; else begin a new log in an empty folder, and keep the old one for reading',
  },
  address_unusable: { exit: 2, remedy: 'name another address and port with --listen' },
  program_failed: { exit: 3, remedy: 'read what the program said; run it by hand to see whether it works here' },
  program_missing: { exit: 2, remedy: 'install the program that is named and make sure that it is on PATH' },
  already_there: { exit: 2, remedy: 'move it away first: countersign does not overwrite what you have' },
  usage: { exit: 2, remedy: 'countersign help COMMAND shows what the command takes' },
} as const satisfies Record<string, { readonly exit: ExitCode; readonly remedy: string }>

/** Exit codes that a problem can end a command with; 70 is a fault of ours. */
type ExitCode = 2 | 3 | 4 | 70

export type ProblemCode = keyof typeof PROBLEMS

/** The problem code that an error carries, whichever class it is of; null for an error that is none of ours. */
export function problemCodeOf(error: unknown): ProblemCode | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  return Object.hasOwn(PROBLEMS, error.code) ? (error.code as ProblemCode) : null
}

/** Something outside is not as it must be. The message says what and which one, and never holds a secret. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get remedy(): string {
    return PROBLEMS[this.code].remedy
  }

  get exit(): ExitCode {
    return PROBLEMS[this.code].exit
  }
}
