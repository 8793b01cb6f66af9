import type { Rule } from '../rule.ts'
import { explainParts } from './explain.ts'
import { explainSigner } from './signed-by.ts'

const rule = { id: 'commits-signed', sentence: 'Every commit of the change is signed by a trusted identity.' } as const

/** Judges every commit with at most one parent; merges have a rule of their own. */
export const commitsSigned: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'soc2-tsc@2017-pof2022:CC6.8',
    'nist-800-53@r5:CM-3',
    'nist-800-53@r5:CM-14',
    'nist-800-53@r5:AU-10',
    'iso27001@2022:A.8.32',
    'pci-dss@4.0.1:8.2.1',
    'ssdf@1.1:PS.1',
    'slsa-source@1.2:identity-management',
  ],
  evidence: ['SIG', 'PRR'],
  judge(facts, context) {
    const commits = facts.commits.filter((commit) => commit.parents.length < 2)
    const parts = commits.map((commit) => explainSigner(commit, context.signerOf(commit)))
    return explainParts(rule, parts, 'the change brings no commit other than merges')
  },
}
