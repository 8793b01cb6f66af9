import type { Rule } from '../rule.ts'
import { explainParts } from './explain.ts'
import { explainSigner } from './signed-by.ts'

const rule = {
  id: 'merges-signed',
  sentence: 'Every merge commit of the change is signed by a trusted identity.',
} as const

/** Judges every commit with two or more parents: whoever merges says that what comes in was meant to. */
export const mergesSigned: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'nist-800-53@r5:CM-3',
    'nist-800-53@r5:CM-14',
    'iso27001@2022:A.8.32',
    'pci-dss@4.0.1:6.5.1',
    'ssdf@1.1:PS.1',
    'slsa-source@1.2:identity-management',
  ],
  evidence: ['SIG', 'PRR'],
  judge(facts, context) {
    const merges = facts.commits.filter((commit) => commit.parents.length > 1)
    const parts = merges.map((commit) => explainSigner(commit, context.signerOf(commit)))
    return explainParts(rule, parts, 'the change brings no merge commit')
  },
}
