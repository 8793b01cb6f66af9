import { currentVersion, type Framework, type MappedControl, retiredVersion } from '../framework.ts'
import { NIST_ACCESS_AND_AUDIT } from './nist-access-and-audit.ts'
import { NIST_CHANGE } from './nist-change.ts'

const OTHERS: readonly MappedControl[] = [
  {
    id: 'IA-2',
    label: 'Identification and Authentication (Organizational Users)',
    fit: 'context',
    evidence: ['BG'],
    rationale: 'How the actor of an emergency was authenticated, as the provider said it.',
  },
  {
    id: 'IR-4',
    label: 'Incident Handling',
    fit: 'partial',
    evidence: ['BG', 'RPR'],
    rationale: 'Shows handling that went through the emergency pathway.',
  },
  {
    id: 'IR-5',
    label: 'Incident Monitoring',
    fit: 'partial',
    evidence: ['BG'],
    rationale: 'The register of emergencies.',
  },
  {
    id: 'IR-6',
    label: 'Incident Reporting',
    fit: 'partial',
    evidence: ['NTF'],
    rationale: 'Who was told, when, and whether they took note.',
  },
  {
    id: 'PM-31',
    label: 'Continuous Monitoring Strategy',
    fit: 'context',
    evidence: ['GATE', 'DRF'],
    rationale: 'Figures that a strategy can be measured by.',
  },
  {
    id: 'RA-5',
    label: 'Vulnerability Monitoring and Scanning',
    fit: 'context',
    evidence: ['CI'],
    rationale: 'Scan results bound to changes.',
  },
  {
    id: 'SA-10',
    label: 'Developer Configuration Management',
    fit: 'direct',
    evidence: ['PRR', 'SIG', 'LOG'],
    rationale: 'Every change of the source, with who made and approved it.',
  },
  {
    id: 'SA-10(1)',
    label: 'Software and Firmware Integrity Verification',
    fit: 'partial',
    evidence: ['SIG', 'INV'],
    rationale: 'Signed releases and the digests that ran.',
  },
  {
    id: 'SA-11',
    label: 'Developer Testing and Evaluation',
    fit: 'partial',
    evidence: ['CI'],
    rationale: 'Test results bound to changes.',
  },
  {
    id: 'SA-15',
    label: 'Development Process, Standards, and Tools',
    fit: 'partial',
    evidence: ['CFG', 'BPC'],
    rationale: 'The process as forge and policy enforce it.',
  },
  {
    id: 'SC-45(1)',
    label: 'Synchronization with Authoritative Time Source',
    fit: 'direct',
    evidence: ['TIME'],
    rationale: 'Clock checks of collectors.',
  },
  {
    id: 'SI-2',
    label: 'Flaw Remediation',
    fit: 'partial',
    evidence: ['PRR', 'DEP'],
    rationale: 'How long a mending change took to be live.',
  },
  {
    id: 'SI-2(7)',
    label: 'Root Cause Analysis',
    fit: 'partial',
    evidence: ['RPR'],
    rationale: 'The review after an emergency; added in release 5.2.0.',
  },
  {
    id: 'SI-4(5)',
    label: 'System-generated Alerts',
    fit: 'partial',
    evidence: ['NTF'],
    rationale: 'Alerts that Countersign made.',
  },
  {
    id: 'SI-7',
    label: 'Software, Firmware, and Information Integrity',
    fit: 'direct',
    evidence: ['DRF', 'SIG', 'LOG'],
    rationale: 'Signatures before, drift detection after, and a log that shows any change of itself.',
  },
  {
    id: 'SI-7(1)',
    label: 'Integrity Checks',
    fit: 'direct',
    evidence: ['DRF'],
    rationale: 'What runs is compared with Git on a schedule.',
  },
  {
    id: 'SI-7(2)',
    label: 'Automated Notifications of Integrity Violations',
    fit: 'direct',
    evidence: ['NTF'],
    rationale: 'Who was told of a drift, and when.',
  },
  {
    id: 'SI-7(5)',
    label: 'Automated Response to Integrity Violations',
    fit: 'direct',
    evidence: ['DRF'],
    rationale: 'Reconcilers put back what drifted.',
  },
  {
    id: 'SI-7(6)',
    label: 'Cryptographic Protection',
    fit: 'direct',
    evidence: ['SIG', 'LOG'],
    rationale: 'Signatures on source and evidence, Merkle tree over the log.',
  },
  {
    id: 'SI-7(7)',
    label: 'Integration of Detection and Response',
    fit: 'direct',
    evidence: ['DRF', 'BG'],
    rationale: 'A drift leads to an emergency case.',
  },
  {
    id: 'SI-7(8)',
    label: 'Auditing Capability for Significant Events',
    fit: 'partial',
    evidence: ['DRF'],
    rationale: 'Each drift episode is recorded.',
  },
  {
    id: 'SI-7(15)',
    label: 'Code Authentication',
    fit: 'direct',
    evidence: ['SIG'],
    rationale: 'Commits and tags are signed, and the signer is known.',
  },
  {
    id: 'SR-4',
    label: 'Provenance',
    fit: 'partial',
    evidence: ['CI', 'INV'],
    rationale: 'Attestations of builds and the digests that ran.',
  },
  {
    id: 'SR-11',
    label: 'Component Authenticity',
    fit: 'partial',
    evidence: ['CI', 'INV'],
    rationale: 'Attestations of builds and the digests that ran.',
  },
]

/** Every control of NIST SP 800-53 revision 5 that some evidence supports. */
export const NIST_800_53_CONTROLS: readonly MappedControl[] = [...NIST_ACCESS_AND_AUDIT, ...NIST_CHANGE, ...OTHERS]

const MOVED = [
  { id: 'CM-5(2)', by: 'nist-800-53@r5:CM-3(7)' },
  { id: 'CM-5(3)', by: 'nist-800-53@r5:CM-14' },
  { id: 'CM-5(7)', by: 'nist-800-53@r5:SI-7' },
  { id: 'CM-6(3)', by: 'nist-800-53@r5:SI-7' },
  { id: 'CM-6(4)', by: 'nist-800-53@r5:CM-4' },
  { id: 'AU-8(1)', by: 'nist-800-53@r5:SC-45(1)' },
]

/** New in revision 5, or in a release of it, so that revision 4 cannot have meant them. */
const NEW_IN_R5 = ['CM-3(7)', 'CM-3(8)', 'CM-14', 'PM-31', 'SC-45(1)', 'SI-2(7)', 'SR-4', 'SR-11']

export const NIST_800_53: Framework = {
  id: 'nist-800-53',
  name: 'NIST SP 800-53',
  aliases: ['nist', '800-53', 'sp800-53', 'nist-sp-800-53'],
  spelling: 'nist',
  labels: 'official titles',
  isRenumbered: false,
  profileOf: null,
  versions: [
    currentVersion('r5', NIST_800_53_CONTROLS, { aliases: ['rev5', '5', '5.1', '5.1.1', '5.2.0'], withdrawn: MOVED }),
    retiredVersion('r4', MOVED, { aliases: ['rev4', '4'], carriedOverTo: { version: 'r5', except: NEW_IN_R5 } }),
  ],
}
