import { type Explanation, type Identity, leaf } from '@countersign/verify'
import type { CommitFact, TagFact } from '../change.ts'
import { kindOfStep } from '../change.ts'
import type { SignedAct } from '../policy.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { explainParts } from './explain.ts'

const rule = {
  id: 'services-in-their-place',
  sentence: 'Services and agents sign only what the policy allows each of them to sign.',
} as const

const ACTS: Readonly<Record<string, SignedAct>> = { merge: 'merge', squash: 'squash', rebase: 'rebase' }

/** A forge's own key proves that the forge made a commit, not who wanted it: where that is enough, the policy says so. */
export const servicesInTheirPlace: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC6.3',
    'nist-800-53@r5:AC-6',
    'nist-800-53@r5:CM-5',
    'iso27001@2022:A.5.3',
    'pci-dss@4.0.1:8.6.1',
  ],
  evidence: ['SIG', 'SOD'],
  judge(facts, context) {
    const commits = facts.commits.flatMap((commit) => explainAct(commit, ACTS[kindOfStep(commit)] ?? 'commit', context))
    const tags = facts.tag === null ? [] : explainAct(facts.tag, 'tag', context)
    return explainParts(rule, [...commits, ...tags], 'no service and no agent signed any of it')
  },
}

function explainAct(signed: CommitFact | TagFact, act: SignedAct, context: RuleContext): readonly Explanation[] {
  const signer = context.signerOf(signed)
  const identity = signer.kind === 'known' ? context.signers.byId.get(signer.identity) : undefined
  if (identity === undefined || identity.kind === 'person') return []
  const { allow } = context.policy.rules['services-in-their-place']
  // An identity may be called "constructor": what every object inherits is no leave.
  const allowed = Object.hasOwn(allow, identity.id) ? (allow[identity.id] ?? []) : []
  const observed = `${identity.kind} ${identity.id} signed a ${act}`
  if (allowed.includes(act)) {
    return [
      leaf({
        about: signed.object,
        verdict: 'pass',
        reason: 'service_allowed',
        sentence: 'the policy allows this',
        observed,
      }),
    ]
  }
  return [refusal(signed.object, identity, act, observed)]
}

function refusal(about: string, identity: Identity, act: SignedAct, observed: string): Explanation {
  return leaf({
    about,
    verdict: 'fail',
    reason: 'service_not_allowed',
    sentence: `${identity.id} is not allowed to sign a ${act}`,
    observed,
    wanted: `a signature by a person, or "${act}" in services-in-their-place.allow.${identity.id}`,
    remedy: 'an owner of .countersign/: allow it in a change of its own, if it is meant to be',
  })
}
