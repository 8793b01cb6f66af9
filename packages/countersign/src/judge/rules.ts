import type { Rule } from './rule.ts'
import { commitsSigned } from './rules/commits-signed.ts'
import { historyKept } from './rules/history-kept.ts'
import { mergesAddNothing } from './rules/merges-add-nothing.ts'
import { mergesSigned } from './rules/merges-signed.ts'
import { separationOfDuties } from './rules/separation-of-duties.ts'
import { servicesInTheirPlace } from './rules/services-in-their-place.ts'
import { signerIsCommitter } from './rules/signer-is-committer.ts'
import { tagsImmutable } from './rules/tags-immutable.ts'
import { tagsSigned } from './rules/tags-signed.ts'
import { ticketReferenced } from './rules/ticket-referenced.ts'

/** Every rule, in the order in which they are shown. */
export const RULES: readonly Rule[] = [
  commitsSigned,
  mergesSigned,
  signerIsCommitter,
  servicesInTheirPlace,
  tagsSigned,
  tagsImmutable,
  historyKept,
  ticketReferenced,
  separationOfDuties,
  mergesAddNothing,
]
