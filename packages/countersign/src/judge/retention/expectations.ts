import { type RetentionPolicy, retentionClass } from './retention-policy.ts'

/** How long somebody expects records to be kept. A policy may be shorter where the expectation is not its own. */
export interface RetentionExpectation {
  readonly name: string
  /** The control that says so, where it has a tag. */
  readonly tag: string | null
  readonly days: number
}

export const RETENTION_EXPECTATIONS: readonly RetentionExpectation[] = [
  { name: 'PCI DSS: twelve months', tag: 'pci-dss@4.0.1:10.5.1', days: 366 },
  { name: 'SOC 2: the whole period and the audit after it, two years', tag: null, days: 731 },
  { name: 'OMB M-21-31: twelve months active, eighteen cold', tag: 'nist-800-53@r5:AU-11', days: 914 },
  { name: 'ISO 27001: one cycle of certification, three years', tag: 'iso27001@2022:A.5.33', days: 1_096 },
  { name: 'HIPAA: six years', tag: 'hipaa@45-cfr-164:164.316(b)(2)(i)', days: 2_192 },
  { name: 'SOX: seven years', tag: null, days: 2_557 },
  { name: 'SEC 17a-4: six years', tag: null, days: 2_192 },
]

/** An expectation that a class of a policy falls short of. */
export interface RetentionShortfall {
  readonly class: string
  readonly days: number
  readonly expectation: RetentionExpectation
}

/** The expectations that a policy falls short of: to be looked at, for which of them bind is the keeper's to say. */
export function retentionShortfalls(
  policy: RetentionPolicy,
  classes: readonly string[],
): readonly RetentionShortfall[] {
  return classes.flatMap((name) => {
    const days = retentionClass(policy, name)?.records ?? 0
    return RETENTION_EXPECTATIONS.flatMap((expectation) =>
      days < expectation.days ? [{ class: name, days, expectation }] : [],
    )
  })
}
