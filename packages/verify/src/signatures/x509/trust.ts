import { sha256Hex } from '../../bytes/digest.ts'
import { BoundedCache } from './bounded-cache.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { type CertificatePath, findPath, isIssuedBy, isSelfSigned, type PathMaterial } from './chain.ts'
import { isIssuedListOf, parseRevocationList } from './crl.ts'
import { type RekorKey, rekorKey } from './log-entry.ts'
import { fromPem } from './pem.ts'
import { X509Error } from './x509-error.ts'

/** What the caller trusts. Every certificate, key and list is one DER object or any number of PEM blocks. */
export interface X509TrustSources {
  /** Roots and intermediates: only the self-signed ones are anchors, the others are taken as {@link intermediates}. */
  readonly roots: readonly Uint8Array[]
  /** Certificates that signatures may leave out: intermediates, and those of signers. They are not trusted for being here. */
  readonly intermediates?: readonly Uint8Array[]
  /** Public keys of Rekor logs. */
  readonly rekorKeys?: readonly Uint8Array[]
  /** Self-signed certificates of timestamp authorities. */
  readonly timestampRoots?: readonly Uint8Array[]
  /** Revocation lists, each issued by one of the certificates above. */
  readonly crls?: readonly Uint8Array[]
  /** Certificates that no longer count, by SHA-256 in lower-case hex, from a Unix second on or, with null, ever. */
  readonly revoked?: readonly { readonly fingerprint: string; readonly since: number | null }[]
}

/** What {@link prepareX509Trust} returns: parsed once, used for any number of signatures. */
export interface X509Trust {
  /** Roots and intermediates. */
  readonly known: readonly Certificate[]
  /** Whether there is any root: without one nothing is ever good. */
  readonly hasRoots: boolean
  readonly rekorKeys: ReadonlyMap<string, RekorKey>
  /** The parsed certificate, from a bounded cache. Throws {@link X509Error} `too_long` or `malformed_certificate`. */
  readonly certificate: (der: Uint8Array) => Certificate
  /** A path to a root, from a bounded cache; `embedded` are certificates that came with the signature. */
  readonly path: (leaf: Certificate, embedded: readonly Certificate[]) => CertificatePath
  readonly timestampPath: (leaf: Certificate, embedded: readonly Certificate[]) => CertificatePath
  readonly revocation: (path: CertificatePath) => Revocation
}

/** `since` is the Unix second from which a certificate of the path no longer counts; null when none is revoked. */
export interface Revocation {
  readonly since: number | null
  /** Whether a list was given for the issuer of every certificate of the path. */
  readonly isChecked: boolean
}

const MAX_CACHED = 512

/**
 * Prepares trust for {@link checkX509Signature}. Throws {@link X509Error}: `malformed_certificate`, `malformed_crl`,
 * `unsupported_key`, `unsupported_algorithm`, `too_long`, `not_a_root` for a timestamp authority's root that is not self-signed,
 * `crl_not_trusted` for a list that none of the certificates issued.
 */
export function prepareX509Trust(sources: X509TrustSources): X509Trust {
  const given = parseCertificates(sources.roots)
  const roots = given.filter(isSelfSigned)
  const timestampRoots = parseAnchors(sources.timestampRoots ?? [])
  const known = [...given, ...parseCertificates(sources.intermediates ?? [])]
  const intermediates = known.filter((certificate) => !isSelfSigned(certificate))
  const cache = new BoundedCache<Certificate>(MAX_CACHED)
  const keys = blocks(sources.rekorKeys ?? [], 'PUBLIC KEY', 'unsupported_key').map(rekorKey)
  return {
    known,
    hasRoots: roots.length > 0,
    rekorKeys: new Map(keys.map((key) => [key.logId, key])),
    certificate: (der) => cache.get(sha256Hex(der), () => parseCertificate(der)),
    path: pathFinder(roots, intermediates),
    timestampPath: pathFinder(timestampRoots, intermediates),
    revocation: revocationFinder(sources, [...known, ...timestampRoots]),
  }
}

function parseAnchors(sources: readonly Uint8Array[]): readonly Certificate[] {
  const anchors = parseCertificates(sources)
  const other = anchors.find((anchor) => !isSelfSigned(anchor))
  if (other !== undefined) throw new X509Error('not_a_root', `certificate ${other.fingerprint} is not self-signed`)
  return anchors
}

function parseCertificates(sources: readonly Uint8Array[]): readonly Certificate[] {
  return blocks(sources, 'CERTIFICATE', 'malformed_certificate').map((der) => {
    const certificate = parseCertificate(der)
    if (!certificate.isMalformed) return certificate
    throw new X509Error('malformed_certificate', `certificate ${certificate.fingerprint} holds something unreadable`)
  })
}

function blocks(sources: readonly Uint8Array[], label: string, code: X509Error['code']): readonly Uint8Array[] {
  return sources.flatMap((source) => fromPem(source, label, code))
}

function pathFinder(roots: readonly Certificate[], intermediates: readonly Certificate[]): X509Trust['path'] {
  const cache = new BoundedCache<CertificatePath>(MAX_CACHED)
  const issued = new BoundedCache<boolean>(MAX_CACHED)
  // Authorities are met again and again; the certificates of gitsign sign once and would only push them out.
  const isIssued: PathMaterial['isIssued'] = (child, issuer) =>
    child.isAuthority
      ? issued.get(`${child.fingerprint},${issuer.fingerprint}`, () => isIssuedBy(child, issuer))
      : isIssuedBy(child, issuer)
  const fingerprints = new Set(roots.map(({ fingerprint }) => fingerprint))
  const bySubject = Map.groupBy([...roots, ...intermediates], ({ subject }) => subject.key)
  return (leaf, embedded) =>
    cache.get([leaf, ...embedded].map(({ fingerprint }) => fingerprint).join(), () => {
      const material: PathMaterial = {
        roots: fingerprints,
        isIssued,
        issuersNamed: (key) => [
          ...(bySubject.get(key) ?? []),
          ...embedded.filter(({ subject }) => subject.key === key),
        ],
      }
      return findPath(leaf, material)
    })
}

function revocationFinder(sources: X509TrustSources, issuers: readonly Certificate[]): X509Trust['revocation'] {
  const NEVER_COUNTED = Number.NEGATIVE_INFINITY
  const direct = new Map(sources.revoked?.map(({ fingerprint, since }) => [fingerprint, since ?? NEVER_COUNTED]))
  const listed = new Map<string, ReadonlyMap<string, number>[]>()
  for (const bytes of blocks(sources.crls ?? [], 'X509 CRL', 'malformed_crl')) {
    const list = parseRevocationList(bytes)
    const issuer = issuers.find((candidate) => isIssuedListOf(candidate, list))
    if (issuer === undefined)
      throw new X509Error('crl_not_trusted', 'a revocation list that no given certificate issued')
    listed.set(issuer.fingerprint, [...(listed.get(issuer.fingerprint) ?? []), list.revoked])
  }
  return ({ certificates }) => {
    let since: number | null = null
    let isChecked = true
    for (const [index, certificate] of certificates.entries()) {
      const issuer = certificates[index + 1]
      const lists = issuer === undefined ? [] : listed.get(issuer.fingerprint)
      if (lists === undefined) isChecked = false
      const times = [direct.get(certificate.fingerprint), ...(lists ?? []).map((list) => list.get(certificate.serial))]
      for (const time of times) if (time !== undefined) since = Math.min(since ?? time, time)
    }
    return { since, isChecked: isChecked && listed.size > 0 }
  }
}
