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
  git_not_found: { exit: 2, remedy: 'install git 2.34 or newer and make sure that it is on PATH' },
  git_failed: { exit: 3, remedy: 'read what git said above; git fsck tells whether the repository is damaged' },
  file_unreadable: { exit: 2, remedy: 'check the path and its permissions' },
  trust_file_malformed: { exit: 2, remedy: 'mend the line that is named, or leave the file out' },
  policy_malformed: { exit: 2, remedy: 'mend the key that is named; the schemas are in docs/schemas/' },
  policy_absent: {
    exit: 2,
    remedy: 'run countersign init and commit .countersign/, or name a policy folder with --policy DIR',
  },
  data_folder_unusable: { exit: 2, remedy: 'name a folder that you can write with --data DIR or COUNTERSIGN_DATA' },
  disk_full: { exit: 3, remedy: 'free some space and run the command again: nothing that was acknowledged is lost' },
  log_locked: { exit: 3, remedy: 'another countersign is writing to this log: wait until it has ended' },
  log_damaged: { exit: 3, remedy: 'run countersign log fsck; restore the files that it names from a backup' },
  key_unusable: { exit: 2, remedy: 'the key file must be an ed25519 key that only you can read: chmod 600 FILE' },
  evidence_not_found: { exit: 2, remedy: 'countersign evidence list shows what there is' },
  evidence_damaged: { exit: 3, remedy: 'run countersign log fsck; restore the files that it names from a backup' },
  change_not_found: {
    exit: 2,
    remedy: 'countersign change list shows what has been judged; countersign check judges more',
  },
  packet_unusable: { exit: 2, remedy: 'ask for the packet again: it is not a folder or zip that countersign made' },
  program_missing: { exit: 2, remedy: 'install the program that is named and make sure that it is on PATH' },
  already_there: { exit: 2, remedy: 'move it away first: countersign does not overwrite what you have' },
  usage: { exit: 2, remedy: 'countersign help COMMAND shows what the command takes' },
} as const satisfies Record<string, { readonly exit: 2 | 3 | 4; readonly remedy: string }>

export type ProblemCode = keyof typeof PROBLEMS

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

  get exit(): 2 | 3 | 4 {
    return PROBLEMS[this.code].exit
  }
}
