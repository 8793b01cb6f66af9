import { customTagsFor } from '../controls/controls-for.ts'
import type { EvidenceCode } from '../controls/evidence-codes.ts'
import { MAPPING_VERSION } from '../controls/mapping.ts'
import type { ControlOptions } from '../controls/resolve-control-tag.ts'
import { BACKFILL } from './backfill.ts'
import { LOG_KEY_ROTATION } from './log-key-rotation.ts'
import { OBSERVATION_GAP } from './observation-gap.ts'
import { PAYLOAD_PRUNED } from './payload-pruned.ts'
import { momentOf } from './predicate-fields.ts'
import { SOURCE_HEARTBEAT } from './source-heartbeat.ts'

/** The kind of evidence that a statement of a type is, and the controls that it is recorded under. */
export interface StatementControls {
  readonly evidence: EvidenceCode
  readonly controls: readonly string[]
}

const OBSERVED = [
  'soc2-tsc@2017-pof2022:CC2.1',
  'nist-800-53@r5:AU-12',
  'iso27001@2022:A.8.15',
  'pci-dss@4.0.1:10.2.1.6',
  'hipaa@45-cfr-164:164.312(b)',
  'slsa-source@1.2:continuity',
]
const SILENT = [
  'soc2-tsc@2017-pof2022:CC2.1',
  'nist-800-53@r5:AU-5',
  'iso27001@2022:A.8.15',
  'pci-dss@4.0.1:10.2.1.6',
  'pci-dss@4.0.1:10.7.2',
  'hipaa@45-cfr-164:164.312(b)',
  'eu-2024-1774@2024:12',
  'eu-2024-2690@2024:annex-3.2',
  'slsa-source@1.2:continuity',
]
const MENDED = [
  'soc2-tsc@2017-pof2022:CC2.1',
  'nist-800-53@r5:AU-5',
  'iso27001@2022:A.8.15',
  'pci-dss@4.0.1:10.7.3',
  'eu-2024-1774@2024:12',
]
const REMOVED = [
  'soc2-tsc@2017-pof2022:C1.1',
  'nist-800-53@r5:AU-11',
  'iso27001@2022:A.5.33',
  'pci-dss@4.0.1:10.5.1',
  'hipaa@45-cfr-164:164.316(b)(2)(i)',
  'eu-2024-1774@2024:12',
]
const REKEYED = ['nist-800-53@r5:AU-9(3)', 'nist-800-53@r5:AU-10']

/** By predicate type. Fewer than the mapping has for the kind of evidence: those that the statement itself speaks to. */
export const STATEMENT_CONTROLS: Readonly<Record<string, StatementControls>> = {
  [SOURCE_HEARTBEAT]: { evidence: 'LOG', controls: OBSERVED },
  [OBSERVATION_GAP]: { evidence: 'LOG', controls: SILENT },
  [BACKFILL]: { evidence: 'LOG', controls: MENDED },
  [PAYLOAD_PRUNED]: { evidence: 'RET', controls: REMOVED },
  [LOG_KEY_ROTATION]: { evidence: 'LOG', controls: REKEYED },
}

/** What a statement of a type carries besides its content: its controls, those of a customer's own, and by which mapping. */
export function stampOf(
  type: string,
  recordedAt: number,
  { custom }: ControlOptions = {},
): { readonly controls: string[]; readonly mapping: string; readonly recordedAt: string } {
  const known = STATEMENT_CONTROLS[type]
  const own = known === undefined ? [] : customTagsFor([known.evidence], custom)
  const controls = [...new Set([...(known?.controls ?? []), ...own])]
  return { controls, mapping: MAPPING_VERSION, recordedAt: momentOf(recordedAt) }
}
