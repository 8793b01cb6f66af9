import { type Explanation, leaf, type Signer } from '@countersign/verify'
import type { CommitFact, TagFact } from '../change.ts'

const REMEDIES: Readonly<Record<string, string>> = {
  unsigned: 'its author: sign it (git commit --amend -S, or git rebase --exec "git commit --amend --no-edit -S")',
  signer_not_in_policy: 'an owner of .countersign/: add the key to identities.yaml in a change of its own',
}

/** Whether somebody that the policy knows signed this commit or tag, as one step of an explanation. */
export function explainSigner(signed: CommitFact | TagFact, signer: Signer): Explanation {
  const { signature } = signed
  const observed =
    signature.scheme === null
      ? 'no signature'
      : `${signature.scheme} signature, key ${signature.key ?? 'unknown'}, ${signature.status} (git ${signature.git})`
  if (signer.kind === 'known') {
    const sentence = `signed by ${signer.identity}`
    return leaf({ about: signed.object, verdict: 'pass', reason: 'signed_by_known', sentence, observed })
  }
  const who = signer.identity === null ? '' : `, whose key belongs to ${signer.identity}`
  return leaf({
    about: signed.object,
    verdict: signer.kind === 'unknown' ? 'indeterminate' : 'fail',
    reason: signer.reason,
    sentence: `not proved to be signed by a trusted identity: ${signer.reason.replaceAll('_', ' ')}${who}`,
    observed,
    wanted: 'a good signature by a key that .countersign/identities.yaml trusts at that time',
    remedy:
      REMEDIES[signer.reason] ??
      'the signer: sign again with a trusted key, or an owner of .countersign/: correct the key there',
  })
}
