import type { SealedPolicy } from '../policy-bundle.ts'

/**
 * The policy in force for a change.
 *
 * `at` returns the sealed policy in the tree with this id (the repository's `.countersign/` folder), or null where the id is null;
 * the same tree gives the same seal. Rejects with `Problem` `policy_malformed`, naming file, line and key.
 */
export interface PolicySource {
  at(tree: string | null): Promise<SealedPolicy | null>
}
