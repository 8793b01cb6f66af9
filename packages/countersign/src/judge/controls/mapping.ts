import type { Json } from '@countersign/verify'
import { EVIDENCE_CODES } from './evidence-codes.ts'
import type { Framework } from './framework.ts'
import { EUROPEAN_UNION } from './frameworks/european-union.ts'
import { FEDRAMP } from './frameworks/fedramp.ts'
import { HIPAA } from './frameworks/hipaa.ts'
import { ISO_27001 } from './frameworks/iso27001.ts'
import { NIST_800_53 } from './frameworks/nist-800-53.ts'
import { PCI_DSS } from './frameworks/pci-dss.ts'
import { SECURE_DEVELOPMENT } from './frameworks/secure-development.ts'
import { SOC2 } from './frameworks/soc2.ts'

/**
 * Every state that the mapping ever had, newest last, by the SHA-256 of its canonical form (docs/formats/control-mapping.md). Evidence
 * and packets name the version by which they were tagged, so a version never changes: other data is another version.
 */
export const MAPPING_VERSIONS: readonly { readonly version: string; readonly sha256: string }[] = [
  { version: '1', sha256: 'fc7b7c7d38a4dcbe28f8bf891880d44b48f262a5f843dc59f03b06ef0f2af244' },
]

/** The version of the mapping that is in this source. */
export const MAPPING_VERSION: string = MAPPING_VERSIONS.at(-1)?.version ?? ''

/** What {@link MAPPING_VERSIONS} are digests of, as canonical JSON: the codes of evidence, and every framework. */
export function mappingDocument(): Json {
  return { evidence: EVIDENCE_CODES, frameworks: FRAMEWORKS as unknown as Json }
}

/** The frameworks that evidence is mapped to, in the order in which they are shown. */
export const FRAMEWORKS: readonly Framework[] = [
  SOC2,
  NIST_800_53,
  FEDRAMP,
  ISO_27001,
  PCI_DSS,
  ...EUROPEAN_UNION,
  HIPAA,
  ...SECURE_DEVELOPMENT,
]
