import { isSignedBy, isWeak } from './algorithms.ts'
import type { Certificate } from './certificate.ts'
import { KEY_CERT_SIGN } from './certificate-extensions.ts'

/** The most certificates that a path may have, root included, and the most signatures that looking for one may check. */
export const MAX_PATH = 8
export const MAX_PATH_SIGNATURES = 32

/**
 * Why no path leads from a certificate to a trusted root, said of the path that came closest:
 * `issuer_absent`, `root_untrusted`, `issuer_signature_invalid`, `issuer_not_authority`, `issuer_key_usage`, `path_too_long`,
 * `critical_extension_unknown`, `certificate_unsupported` (its algorithm or its issuer's key).
 */
export type PathProblem =
  | 'issuer_absent'
  | 'root_untrusted'
  | 'issuer_signature_invalid'
  | 'issuer_not_authority'
  | 'issuer_key_usage'
  | 'path_too_long'
  | 'critical_extension_unknown'
  | 'certificate_unsupported'

/** A path from a certificate towards a root. Everything but time and purpose has been judged when `problem` is null. */
export interface CertificatePath {
  /** The certificate first, the root last. */
  readonly certificates: readonly Certificate[]
  readonly problem: PathProblem | null
  /** Whether a signature or key on the way is too weak to rely on. */
  readonly isWeak: boolean
  /** The first and last Unix second at which every certificate of the path is valid. */
  readonly notBefore: number
  readonly notAfter: number
}

/** The certificates that a path may use. */
export interface PathMaterial {
  /** Fingerprints of trusted roots. */
  readonly roots: ReadonlySet<string>
  readonly issuersNamed: (subjectKey: string) => readonly Certificate[]
  /** Whether the issuer's key made the child's signature; a place to remember the answers. */
  readonly isIssued: typeof isIssuedBy
}

/**
 * Looks for a path to a trusted root (RFC 5280 §6.1, without policies and name constraints: as these are critical where a CA
 * relies on them, a certificate that carries them is refused by {@link PathProblem} `critical_extension_unknown`).
 * The work is bounded by {@link MAX_PATH} and {@link MAX_PATH_SIGNATURES}, however the certificates refer to each other.
 */
export function findPath(leaf: Certificate, material: PathMaterial): CertificatePath {
  const budget = { signatures: MAX_PATH_SIGNATURES }
  if (leaf.unknownCritical.length > 0) return asPath([leaf], 'critical_extension_unknown')
  return extend([leaf], material, budget)
}

function extend(path: readonly Certificate[], material: PathMaterial, budget: { signatures: number }): CertificatePath {
  const last = path.at(-1) as Certificate
  if (material.roots.has(last.fingerprint)) return asPath(path, null)
  let closest = asPath(path, isSelfIssued(last) ? 'root_untrusted' : 'issuer_absent')
  for (const issuer of material.issuersNamed(last.issuer.key)) {
    if (path.includes(issuer)) continue
    budget.signatures -= 1
    if (budget.signatures < 0 || path.length === MAX_PATH) return asPath(path, 'path_too_long')
    const longer = [...path, issuer]
    const problem = issueProblem(last, issuer, path, material)
    const found = problem === null ? extend(longer, material, budget) : asPath(longer, problem)
    if (found.problem === null) return found
    if (found.certificates.length > closest.certificates.length) closest = found
  }
  return closest
}

/** Why this issuer may not stand behind the last certificate of the path, or null. */
function issueProblem(
  child: Certificate,
  issuer: Certificate,
  below: readonly Certificate[],
  material: PathMaterial,
): PathProblem | null {
  const { key } = issuer
  if (issuer.unknownCritical.length > 0) return 'critical_extension_unknown'
  if (!issuer.isAuthority) return 'issuer_not_authority'
  if (issuer.keyUsage !== null && (issuer.keyUsage & KEY_CERT_SIGN) === 0) return 'issuer_key_usage'
  // Self-issued certificates do not count against a path length, nor does the end of the path (RFC 5280 §4.2.1.9).
  const authorities = below.slice(1).filter((certificate) => !isSelfIssued(certificate)).length
  if (issuer.pathLength !== null && authorities > issuer.pathLength) return 'path_too_long'
  if (key === null || child.signatureAlgorithm === null) return 'certificate_unsupported'
  return material.isIssued(child, issuer) ? null : 'issuer_signature_invalid'
}

/** Whether the issuer's key made the child's signature, whatever else speaks for or against it. */
export function isIssuedBy(child: Certificate, issuer: Certificate): boolean {
  const { signatureAlgorithm, signed, signature } = child
  if (issuer.key === null || signatureAlgorithm === null) return false
  return isSignedBy(issuer.key, signatureAlgorithm, signed, signature)
}

/** Whether the certificate's own key signed it, as in every root. */
export function isSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && isIssuedBy(certificate, certificate)
}

/** Whether subject and issuer are the same name. */
export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.subject.key === certificate.issuer.key
}

function asPath(certificates: readonly Certificate[], problem: PathProblem | null): CertificatePath {
  return {
    certificates,
    problem,
    isWeak: certificates.some(({ key, signatureAlgorithm }, index) => {
      const isRoot = index > 0 && index === certificates.length - 1
      // What a root's own signature is worth does not matter: it is trusted for being given.
      return (
        key !== null &&
        signatureAlgorithm !== null &&
        isWeak(key, isRoot ? { ...signatureAlgorithm, digest: null } : signatureAlgorithm)
      )
    }),
    notBefore: Math.max(...certificates.map(({ notBefore }) => notBefore)),
    notAfter: Math.min(...certificates.map(({ notAfter }) => notAfter)),
  }
}

/** Whether every certificate of the path may be used for one of these purposes (extended key usage; absent means all). */
export function allowsPurpose(path: CertificatePath, purposes: readonly string[]): boolean {
  const ANY = '2.5.29.37.0'
  return path.certificates.every(
    ({ extendedKeyUsage: usage }) => usage === null || usage.some((oid) => oid === ANY || purposes.includes(oid)),
  )
}
