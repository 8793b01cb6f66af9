import { currentVersion, type Framework, type MappedControl } from '../framework.ts'

const CONTROLS: readonly MappedControl[] = [
  {
    id: '164.308(a)(1)(ii)(D)',
    label: 'Review of system activity',
    fit: 'partial',
    evidence: ['REV'],
    rationale: 'Reviews of this log; other systems have their own.',
  },
  {
    id: '164.308(a)(8)',
    label: 'Evaluation',
    fit: 'partial',
    evidence: ['REV'],
    rationale: 'Reviews that were signed off.',
  },
  {
    id: '164.312(a)(2)(ii)',
    label: 'Emergency access procedure',
    fit: 'partial',
    evidence: ['BG'],
    rationale: 'Emergency access to clusters; access to patient records is elsewhere.',
  },
  {
    id: '164.312(b)',
    label: 'Audit controls',
    fit: 'direct',
    evidence: ['LOG'],
    rationale: 'Direct for changes and deployments.',
  },
  {
    id: '164.312(c)(1)',
    label: 'Integrity',
    fit: 'context',
    evidence: ['SIG', 'DRF', 'LOG'],
    rationale: 'Shows the integrity of configuration, not of patient records.',
  },
  {
    id: '164.312(c)(2)',
    label: 'Mechanism to tell that records are unchanged',
    fit: 'context',
    evidence: ['SIG', 'DRF', 'LOG'],
    rationale: 'Shows the integrity of configuration, not of patient records.',
  },
  {
    id: '164.316(b)(2)(i)',
    label: 'Documentation is kept six years',
    fit: 'partial',
    evidence: ['RET'],
    rationale: 'How long evidence is kept; other documents are elsewhere.',
  },
]

export const HIPAA: Framework = {
  id: 'hipaa',
  name: 'HIPAA Security Rule, 45 CFR Part 164',
  aliases: ['45-cfr-164'],
  spelling: 'plain',
  labels: 'own words',
  isRenumbered: false,
  profileOf: null,
  versions: [currentVersion('45-cfr-164', CONTROLS)],
}
