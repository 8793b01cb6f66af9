import { printable, toHex } from '../../bytes/encoding.ts'
import { BOOLEAN, constructed, DerReader, INTEGER, OBJECT_IDENTIFIER, primitive, SEQUENCE } from './der.ts'

/** Bits of key usage (RFC 5280 §4.2.1.3), as they stand in the first byte of the bit string. */
export const DIGITAL_SIGNATURE = 0x80
export const NON_REPUDIATION = 0x40
export const KEY_CERT_SIGN = 0x04
export const CRL_SIGN = 0x02

/** Who a certificate says its holder is, besides the subject. Control characters and white space are replaced. */
export interface AlternativeNames {
  readonly emails: readonly string[]
  readonly uris: readonly string[]
  /** Names of other kinds whose value is text, as `oid=value`; Fulcio puts user names here. */
  readonly others: readonly string[]
}

/** What the extensions of a certificate say (RFC 5280 §4.2); an absent one is null, empty or false. */
export interface CertificateExtensions {
  readonly isAuthority: boolean
  readonly pathLength: number | null
  readonly keyUsage: number | null
  readonly extendedKeyUsage: readonly string[] | null
  /** Whether extended key usage is critical, as a timestamp authority's must be. */
  readonly isExtendedKeyUsageCritical: boolean
  readonly names: AlternativeNames
  /** Lower-case hex. */
  readonly subjectKeyId: string | null
  readonly authorityKeyId: string | null
  /** Critical extensions that are not understood here; a certificate with one must not be used. */
  readonly unknownCritical: readonly string[]
  /** Fulcio's extensions (1.3.6.1.4.1.57264.1) by name. */
  readonly fulcio: Readonly<Record<string, string>>
}

const FULCIO = '1.3.6.1.4.1.57264.1.'
const FULCIO_NAMES: Readonly<Record<string, string>> = {
  1: 'issuerV1',
  2: 'workflowTrigger',
  3: 'workflowSha',
  4: 'workflowName',
  5: 'workflowRepository',
  6: 'workflowRef',
  8: 'issuer',
  9: 'buildSignerUri',
  10: 'buildSignerDigest',
  11: 'runnerEnvironment',
  12: 'sourceRepositoryUri',
  13: 'sourceRepositoryDigest',
  14: 'sourceRepositoryRef',
  15: 'sourceRepositoryId',
  16: 'sourceRepositoryOwnerUri',
  17: 'sourceRepositoryOwnerId',
  18: 'buildConfigUri',
  19: 'buildConfigDigest',
  20: 'buildTrigger',
  21: 'runInvocationUri',
  22: 'sourceRepositoryVisibility',
}
/** The first Fulcio extensions hold bare text; from here on they hold a UTF8String. */
const FIRST_ENCODED_FULCIO = 8
const UTF8_STRING = 0x0c

type Draft = { -readonly [K in keyof CertificateExtensions]: CertificateExtensions[K] }

/** Reads the extensions of a certificate; null stands for none. */
export function readExtensions(reader: DerReader | null): CertificateExtensions {
  const draft: Draft = {
    isAuthority: false,
    pathLength: null,
    keyUsage: null,
    extendedKeyUsage: null,
    isExtendedKeyUsageCritical: false,
    names: { emails: [], uris: [], others: [] },
    subjectKeyId: null,
    authorityKeyId: null,
    unknownCritical: [],
    fulcio: {},
  }
  const seen = new Set<string>()
  for (const element of reader?.each(SEQUENCE) ?? []) {
    const extension = new DerReader(element.body, 'malformed_certificate')
    const oid = extension.oid()
    const isCritical = extension.next === BOOLEAN && extension.boolean()
    const value = new DerReader(extension.octets(), 'malformed_certificate')
    extension.end()
    if (seen.has(oid)) extension.fail(`extension ${oid} twice`)
    seen.add(oid)
    const isKnown = readExtension(draft, oid, value, isCritical)
    if (isCritical && !isKnown) draft.unknownCritical = [...draft.unknownCritical, oid]
  }
  return draft
}

function readExtension(draft: Draft, oid: string, value: DerReader, isCritical: boolean): boolean {
  switch (oid) {
    case '2.5.29.19':
      readBasicConstraints(draft, value)
      break
    case '2.5.29.15':
      draft.keyUsage = value.bits()[0] ?? 0
      break
    case '2.5.29.37':
      draft.extendedKeyUsage = [...value.enter(SEQUENCE).each(OBJECT_IDENTIFIER)].map((id) =>
        new DerReader(id.whole, 'malformed_certificate').oid(),
      )
      draft.isExtendedKeyUsageCritical = isCritical
      break
    case '2.5.29.17':
      draft.names = readAlternativeNames(value.enter(SEQUENCE))
      break
    case '2.5.29.14':
      draft.subjectKeyId = toHex(value.octets())
      break
    case '2.5.29.35':
      draft.authorityKeyId = readAuthorityKeyId(value.enter(SEQUENCE))
      break
    default:
      return readFulcio(draft, oid, value)
  }
  value.end()
  return true
}

function readBasicConstraints(draft: Draft, value: DerReader): void {
  const inside = value.enter(SEQUENCE)
  draft.isAuthority = inside.next === BOOLEAN && inside.boolean()
  if (inside.next === INTEGER) draft.pathLength = inside.smallInteger()
  inside.end()
}

function readAuthorityKeyId(inside: DerReader): string | null {
  const id = inside.optional(primitive(0))
  return id === null ? null : toHex(id.body)
}

function readAlternativeNames(reader: DerReader): AlternativeNames {
  const names = { emails: [] as string[], uris: [] as string[], others: [] as string[] }
  while (reader.next !== null) {
    const name = reader.any()
    if (name.tag === primitive(1)) names.emails.push(word(name.body))
    if (name.tag === primitive(6)) names.uris.push(word(name.body))
    if (name.tag === constructed(0)) {
      const other = reader.inside(name)
      const oid = other.oid()
      const value = other.enter(constructed(0)).any()
      if (value.tag === UTF8_STRING) names.others.push(`${oid}=${word(value.body)}`)
    }
  }
  return names
}

function readFulcio(draft: Draft, oid: string, value: DerReader): boolean {
  const number = oid.startsWith(FULCIO) ? oid.slice(FULCIO.length) : ''
  const name = FULCIO_NAMES[number]
  if (name === undefined) return false
  draft.fulcio = {
    ...draft.fulcio,
    [name]: text(Number(number) < FIRST_ENCODED_FULCIO ? value.rest() : value.element(UTF8_STRING).body),
  }
  return true
}

const text = (bytes: Uint8Array): string => printable(Buffer.from(bytes).toString('utf8'))

// So that one name cannot pass for two where several are written in a row.
const word = (bytes: Uint8Array): string => text(bytes).replaceAll(/\s/g, '\ufffd')
