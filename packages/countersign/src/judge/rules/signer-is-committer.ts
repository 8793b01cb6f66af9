import { type Explanation, type Identity, leaf } from '@countersign/verify'
import type { CommitFact } from '../change.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { explainParts } from './explain.ts'

const rule = {
  id: 'signer-is-committer',
  sentence: 'Committer and author of every signed commit are the person who signed it.',
} as const

/**
 * git ties no signature to a name: anybody with any trusted key can sign a commit in somebody else's name. This rule ties
 * them. A service vouches only for the committer: the author of a merge made at a forge is the person who pressed the button.
 */
export const signerIsCommitter: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'nist-800-53@r5:AU-10',
    'nist-800-53@r5:CM-3',
    'iso27001@2022:A.8.32',
    'pci-dss@4.0.1:8.2.1',
    'slsa-source@1.2:identity-management',
  ],
  evidence: ['SIG', 'PRR'],
  judge(facts, context) {
    const parts = facts.commits.flatMap((commit) => {
      const signer = context.signerOf(commit)
      const identity = signer.kind === 'known' ? context.signers.byId.get(signer.identity) : undefined
      return identity === undefined ? [] : [explainNames(commit, identity, context)]
    })
    return explainParts(rule, parts, 'no commit of the change has a known signer')
  },
}

function explainNames(commit: CommitFact, signer: Identity, context: RuleContext): Explanation {
  const committer = owns(signer, commit.committer.email)
  const author = authorAllowed(commit, signer, context)
  const observed = `signed by ${signer.id}, committer <${commit.committer.email}>, author <${commit.author.email}>`
  if (committer && author) {
    return leaf({
      about: commit.object,
      verdict: 'pass',
      reason: 'names_match',
      sentence: 'names and signer agree',
      observed,
    })
  }
  return leaf({
    about: commit.object,
    verdict: 'fail',
    reason: committer ? 'author_is_not_signer' : 'committer_is_not_signer',
    sentence: `the ${committer ? 'author' : 'committer'} is not an e-mail of the identity that signed`,
    observed,
    wanted: `one of: ${signer.emails.join(', ')}`,
    remedy: 'the signer: amend with the right name, or an owner of .countersign/: add the e-mail to the identity',
  })
}

function authorAllowed(commit: CommitFact, signer: Identity, context: RuleContext): boolean {
  const { authors } = context.policy.rules['signer-is-committer']
  if (authors === 'any' || signer.kind === 'service' || owns(signer, commit.author.email)) return true
  return (
    authors === 'known' && [...context.signers.byId.values()].some((identity) => owns(identity, commit.author.email))
  )
}

function owns(identity: Identity, email: string): boolean {
  return identity.emails.includes(email)
}
