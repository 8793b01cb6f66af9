import { currentVersion, type Framework, type MappedControl } from '../framework.ts'

const CHANGE = ['PRR', 'SOD', 'GATE', 'CI', 'DEP', 'BG', 'RPR'] as const

const DORA: readonly MappedControl[] = [
  {
    id: '9(4)(e)',
    label: 'Changes to ICT systems are managed and controlled',
    fit: 'direct',
    evidence: CHANGE,
    rationale: 'Every change with its approvals, checks and deployment, emergencies included.',
  },
]

const DORA_RTS: readonly MappedControl[] = [
  {
    id: '12',
    label: 'Logging',
    fit: 'direct',
    evidence: ['LOG', 'RET', 'TIME'],
    rationale: 'A log that cannot be changed unseen, its retention, and the clocks behind it.',
  },
  {
    id: '17(1)',
    label: 'ICT change management',
    fit: 'direct',
    evidence: CHANGE,
    rationale: 'The whole of change management; the points below say which evidence speaks to which.',
  },
  {
    id: '17(1)(a)',
    label: 'Security requirements are verified',
    fit: 'partial',
    evidence: ['GATE', 'CI'],
    rationale: 'Gates and tests of each change; which requirements they check is the policy’s choice.',
  },
  {
    id: '17(1)(b)',
    label: 'Who approves is independent of who asks and builds',
    fit: 'direct',
    evidence: ['SOD'],
    rationale: 'Each change says whether a second person took part, over all accounts of a person.',
  },
  {
    id: '17(1)(c)',
    label: 'Roles: changes are planned, tested and finished in order',
    fit: 'partial',
    evidence: ['PRR', 'CI'],
    rationale: 'Who did what for each change; the description of roles is elsewhere.',
  },
  {
    id: '17(1)(d)',
    label: 'Changes are documented and communicated',
    fit: 'direct',
    evidence: ['PRR'],
    rationale: 'Purpose, scope and authors of each change.',
  },
  {
    id: '17(1)(e)',
    label: 'There is a way back',
    fit: 'direct',
    evidence: ['DEP'],
    rationale: 'Deployments, roll-backs among them, with the revision that each went to.',
  },
  {
    id: '17(1)(f)',
    label: 'Emergency changes have procedures and safeguards',
    fit: 'direct',
    evidence: ['BG'],
    rationale: 'Each emergency with who let whom in, for how long, and what was done.',
  },
  {
    id: '17(1)(g)',
    label: 'Emergency changes are assessed and approved afterwards',
    fit: 'direct',
    evidence: ['RPR'],
    rationale: 'The retroactive review, its deadline and its outcome.',
  },
  {
    id: '17(1)(h)',
    label: 'Impact on security measures is identified',
    fit: 'direct',
    evidence: ['PRR', 'GATE'],
    rationale: 'What the change says of its impact, and what gates found in it.',
  },
]

const NIS2: readonly MappedControl[] = [
  {
    id: '21(2)(e)',
    label: 'Security in acquisition, development and maintenance',
    fit: 'partial',
    evidence: ['PRR', 'ACR'],
    rationale: 'Reviews of each change; acquisition is elsewhere.',
  },
  {
    id: '21(2)(i)',
    label: 'Access control',
    fit: 'partial',
    evidence: ['PRR', 'ACR'],
    rationale: 'Covers forge, cluster and Countersign.',
  },
]

const NIS2_RULES: readonly MappedControl[] = [
  {
    id: 'annex-3.2',
    label: 'Monitoring and logging',
    fit: 'direct',
    evidence: ['LOG'],
    rationale: 'A log that cannot be changed unseen, with its gaps.',
  },
  {
    id: 'annex-6.4',
    label: 'Change management, repairs and maintenance',
    fit: 'direct',
    evidence: ['BG', 'RPR'],
    rationale: 'Emergency changes and what followed them; planned changes are under the same heading.',
  },
]

const SHARED = { spelling: 'article', labels: 'own words', isRenumbered: false, profileOf: null } as const

/** Acts of the European Union, each under its number. */
export const EUROPEAN_UNION: readonly Framework[] = [
  {
    id: 'eu-2022-2554',
    name: 'DORA, Regulation (EU) 2022/2554',
    aliases: ['dora'],
    ...SHARED,
    versions: [currentVersion('2022', DORA)],
  },
  {
    id: 'eu-2024-1774',
    name: 'DORA technical standards, Regulation (EU) 2024/1774',
    aliases: ['dora-rts'],
    ...SHARED,
    versions: [currentVersion('2024', DORA_RTS)],
  },
  {
    id: 'eu-2022-2555',
    name: 'NIS2, Directive (EU) 2022/2555',
    aliases: ['nis2', 'nis-2'],
    ...SHARED,
    versions: [currentVersion('2022', NIS2)],
  },
  {
    id: 'eu-2024-2690',
    name: 'NIS2 implementing rules, Regulation (EU) 2024/2690',
    aliases: ['nis2-ir'],
    ...SHARED,
    versions: [currentVersion('2024', NIS2_RULES)],
  },
]
