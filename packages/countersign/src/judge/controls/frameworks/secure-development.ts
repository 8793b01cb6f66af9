import { currentVersion, type Framework, type MappedControl, retiredVersion } from '../framework.ts'

const SSDF: readonly MappedControl[] = [
  {
    id: 'PO.3.3',
    label: 'Tools leave traces of what they did',
    fit: 'partial',
    evidence: ['CI', 'LOG'],
    rationale: 'Results and attestations of tools, kept in the log; a task, which has no title.',
  },
  {
    id: 'PO.4',
    label: 'Define and Use Criteria for Software Security Checks',
    fit: 'direct',
    evidence: ['GATE', 'EXC'],
    rationale: 'Gates are such criteria, with every approval, rejection and exception.',
  },
  {
    id: 'PO.4.2',
    label: 'What checks gather is kept safe',
    fit: 'direct',
    evidence: ['LOG'],
    rationale: 'A log that cannot be changed unseen; a task, which has no title.',
  },
  {
    id: 'PO.5',
    label: 'Implement and Maintain Secure Environments for Software Development',
    fit: 'partial',
    evidence: ['ACR', 'BPC'],
    rationale: 'Access and protection at the forge; workstations are elsewhere.',
  },
  {
    id: 'PS.1',
    label: 'Protect All Forms of Code from Unauthorized Access and Tampering',
    fit: 'direct',
    evidence: ['SIG', 'BPC', 'ACR'],
    rationale: 'Signed commits, protected branches, and who could write.',
  },
  {
    id: 'PS.2',
    label: 'Provide a Mechanism for Verifying Software Release Integrity',
    fit: 'partial',
    evidence: ['SIG'],
    rationale: 'Signed tags; artifacts have mechanisms of their own.',
  },
  {
    id: 'PS.3',
    label: 'Archive and Protect Each Software Release',
    fit: 'partial',
    evidence: ['RET', 'INV'],
    rationale: 'Which release ran when, and how long the record is kept.',
  },
  {
    id: 'PW.7',
    label:
      'Review and/or Analyze Human-Readable Code to Identify Vulnerabilities and Verify Compliance with Security Requirements',
    fit: 'direct',
    evidence: ['PRR'],
    rationale: 'The review of each change, bound to the commits that were merged.',
  },
  {
    id: 'RV.1',
    label: 'Identify and Confirm Vulnerabilities on an Ongoing Basis',
    fit: 'context',
    evidence: ['RPR'],
    rationale: 'The review after an emergency may find one.',
  },
  {
    id: 'RV.2',
    label: 'Assess, Prioritize, and Remediate Vulnerabilities',
    fit: 'context',
    evidence: ['RPR'],
    rationale: 'What followed from an emergency, with its deadline.',
  },
  {
    id: 'RV.3',
    label: 'Analyze Vulnerabilities to Identify Their Root Causes',
    fit: 'context',
    evidence: ['RPR'],
    rationale: 'The review after an emergency records causes.',
  },
]

/** Requirements of the source track by their anchor; the level that they add up to is a verdict, not a tag. */
const SLSA_SOURCE: readonly MappedControl[] = [
  {
    id: 'repository-ids',
    label: 'Repositories have stable ids',
    fit: 'direct',
    evidence: ['PRR'],
    rationale: 'Each change names its repository.',
  },
  {
    id: 'revision-ids',
    label: 'Revisions have unchangeable ids',
    fit: 'direct',
    evidence: ['PRR', 'SIG'],
    rationale: 'Each change names its object id, and the bytes behind it are kept.',
  },
  {
    id: 'source-summary',
    label: 'Each revision has a summary that can be checked',
    fit: 'direct',
    evidence: ['PRR', 'SIG', 'BPC'],
    rationale: 'The signed decision on each change.',
  },
  {
    id: 'access-and-history',
    label: 'Access is controlled, tags stay where they are',
    fit: 'partial',
    evidence: ['ACR', 'BPC', 'SIG'],
    rationale: 'Moved and deleted tags are found; who configured access is the forge’s to show.',
  },
  {
    id: 'safe-expunging-process',
    label: 'Removal from history follows a process',
    fit: 'partial',
    evidence: ['RET', 'BPC'],
    rationale: 'Rewritten history is found; the process is elsewhere.',
  },
  {
    id: 'technical-controls',
    label: 'Technical controls are continuous and documented',
    fit: 'partial',
    evidence: ['BPC', 'GATE'],
    rationale: 'Which protection and which gates were in force at every moment.',
  },
  {
    id: 'history',
    label: 'Every move of a ref is recorded',
    fit: 'direct',
    evidence: ['BPC', 'LOG', 'PRR'],
    rationale: 'Each step of a controlled ref with its time; forced pushes are found.',
  },
  {
    id: 'continuity',
    label: 'Controls were in force without a break',
    fit: 'direct',
    evidence: ['BPC', 'LOG'],
    rationale: 'Snapshots, heartbeats and gaps show breaks, also those in our own observation.',
  },
  {
    id: 'identity-management',
    label: 'Actors are identified',
    fit: 'partial',
    evidence: ['SIG', 'ACR'],
    rationale: 'Keys and accounts are bound to people; how accounts are given out is elsewhere.',
  },
  {
    id: 'source-provenance',
    label: 'Provenance is recorded as it happens',
    fit: 'direct',
    evidence: ['PRR', 'SIG'],
    rationale: 'Decisions carry when they were judged and recorded, and what they were made from.',
  },
  {
    id: 'protected-refs',
    label: 'Refs are protected, and the protection is attested',
    fit: 'direct',
    evidence: ['BPC'],
    rationale: 'Snapshots of the protection in force.',
  },
  {
    id: 'two-party-review',
    label: 'Two trusted people agreed to each revision',
    fit: 'direct',
    evidence: ['PRR', 'SOD'],
    rationale: 'Who wrote and who approved, over all accounts of a person.',
  },
]

const CSF: readonly MappedControl[] = [
  {
    id: 'ID.RA-07',
    label: 'Changes and exceptions are managed, assessed, recorded and tracked',
    fit: 'direct',
    evidence: ['PRR', 'EXC', 'BG'],
    rationale: 'Every change, exception and emergency.',
  },
  {
    id: 'PR.PS-01',
    label: 'Configuration management is practised',
    fit: 'direct',
    evidence: ['BPC', 'DRF'],
    rationale: 'Protected branches and comparison with what runs.',
  },
  {
    id: 'PR.PS-04',
    label: 'Log records are made',
    fit: 'direct',
    evidence: ['LOG'],
    rationale: 'Direct for changes and deployments.',
  },
  {
    id: 'PR.AA-05',
    label: 'Access permissions are managed',
    fit: 'partial',
    evidence: ['ACR'],
    rationale: 'Covers forge, cluster and Countersign.',
  },
  {
    id: 'DE.CM-09',
    label: 'Computing is monitored',
    fit: 'partial',
    evidence: ['DRF'],
    rationale: 'Drift of what Git declares; other monitoring is elsewhere.',
  },
]

const R3: readonly MappedControl[] = [
  {
    id: '03.04.02',
    label: 'Configuration Settings',
    fit: 'direct',
    evidence: ['GATE', 'DRF', 'EXC'],
    rationale: 'Settings are checked before merge and while running; deviations have an owner.',
  },
  {
    id: '03.04.03',
    label: 'Configuration Change Control',
    fit: 'direct',
    evidence: ['PRR', 'SOD', 'GATE', 'DEP', 'BG', 'RPR'],
    rationale: 'What changed, who reviewed and approved it, and that it was put into force.',
  },
  {
    id: '03.04.04',
    label: 'Impact Analyses',
    fit: 'partial',
    evidence: ['PRR', 'GATE'],
    rationale: 'What the change says of its impact, and what gates found.',
  },
  {
    id: '03.04.05',
    label: 'Access Restrictions for Change',
    fit: 'direct',
    evidence: ['BPC', 'ACR'],
    rationale: 'Who could change what, and how the branch was protected.',
  },
]

const R2 = ['2', '3', '4', '5'].map((digit) => ({ id: `3.4.${digit}`, by: `nist-800-171@r3:03.04.0${digit}` }))

const SHARED = { spelling: 'plain', isRenumbered: false, profileOf: null } as const

/** Frameworks for how software is made and for what protects it. */
export const SECURE_DEVELOPMENT: readonly Framework[] = [
  {
    id: 'ssdf',
    name: 'NIST SP 800-218, Secure Software Development Framework',
    aliases: ['nist-800-218', '800-218'],
    ...SHARED,
    spelling: 'upper',
    labels: 'official titles',
    versions: [currentVersion('1.1', SSDF)],
  },
  {
    id: 'slsa-source',
    name: 'SLSA source track',
    aliases: ['slsa'],
    ...SHARED,
    labels: 'own words',
    versions: [currentVersion('1.2', SLSA_SOURCE)],
  },
  {
    id: 'nist-csf',
    name: 'NIST Cybersecurity Framework',
    aliases: ['csf'],
    ...SHARED,
    spelling: 'upper',
    labels: 'own words',
    versions: [currentVersion('2.0', CSF)],
  },
  {
    id: 'nist-800-171',
    name: 'NIST SP 800-171',
    aliases: ['800-171'],
    ...SHARED,
    labels: 'official titles',
    versions: [
      currentVersion('r3', R3, { aliases: ['rev3', '3'] }),
      retiredVersion('r2', R2, { aliases: ['rev2', '2'] }),
    ],
  },
]
