import { equalBytes } from '../../bytes/encoding.ts'
import { type Digest, digestOf, isSignedBy, isWeak, isWeakDigest, readDigestAlgorithm } from './algorithms.ts'
import type { Certificate } from './certificate.ts'
import type { CertificatePath } from './chain.ts'
import { parseSignedMessage, type SignedAttributes, type SignedMessage } from './cms.ts'
import { DerReader, SEQUENCE } from './der.ts'
import { isMatch } from './signer-certificate.ts'

/** Why a timestamp proves nothing: it is not for these bytes or not rightly signed, or no trusted authority stands behind it. */
export type TimestampProblem = 'timestamp_invalid' | 'timestamp_untrusted'

/** Looks certificates up and paths to timestamp roots; see `X509Trust`. */
export interface TimestampTrust {
  readonly certificate: (der: Uint8Array) => Certificate
  readonly timestampPath: (leaf: Certificate, embedded: readonly Certificate[]) => CertificatePath
  readonly known: readonly Certificate[]
}

const ID_TST_INFO = '1.2.840.113549.1.9.16.1.4'
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'

/**
 * Judges an RFC 3161 timestamp token over `stamped`: the Unix second that a trusted authority gives, or why there is none.
 * The authority's certificate must have time stamping as its one, critical purpose and be valid at that second.
 * Throws {@link X509Error} `malformed_timestamp`, `malformed_certificate`, `too_long` or `unsupported_algorithm`.
 */
export function checkTimestamp(
  token: Uint8Array,
  stamped: Uint8Array,
  trust: TimestampTrust,
): number | TimestampProblem {
  const message = parseSignedMessage(token, 'malformed_timestamp')
  const [signer] = message.signers
  const attributes = signer?.attributes ?? null
  if (!message.isExact || message.signers.length !== 1 || signer === undefined || attributes === null) {
    return 'timestamp_invalid'
  }
  const info = readInfo(message)
  if (info === null || !equalBytes(digestOf(info.digest, stamped), info.imprint)) return 'timestamp_invalid'
  const embedded = message.certificates.map(trust.certificate)
  if (embedded.some(({ isMalformed }) => isMalformed)) return 'timestamp_invalid'
  const certificate = [...embedded, ...trust.known].find((candidate) => isMatch(candidate, signer.id))
  if (certificate === undefined || certificate.key === null) return 'timestamp_untrusted'
  const isSigned =
    attributes.contentType === ID_TST_INFO &&
    equalBytes(digestOf(signer.digest, message.content ?? new Uint8Array()), attributes.messageDigest) &&
    namesCertificate(attributes, certificate) &&
    isSignedBy(certificate.key, signer.algorithm, attributes.covered, signer.signature)
  if (!isSigned) return 'timestamp_invalid'
  const path = trust.timestampPath(certificate, embedded)
  const isForStamping = certificate.isExtendedKeyUsageCritical && certificate.extendedKeyUsage?.join() === TIME_STAMPING
  const isWeakly =
    path.isWeak || isWeak(certificate.key, signer.algorithm) || isWeakDigest(info.digest) || isWeakDigest(signer.digest)
  const isValid = path.notBefore <= info.time && info.time <= path.notAfter
  return path.problem === null && isForStamping && isValid && !isWeakly ? info.time : 'timestamp_untrusted'
}

/** The parts of TSTInfo that matter here (RFC 3161 §2.4.2); null when the message is something else. */
function readInfo({
  contentType,
  content,
}: SignedMessage): { digest: Digest; imprint: Uint8Array; time: number } | null {
  if (contentType !== ID_TST_INFO || content === null) return null
  const outer = new DerReader(content, 'malformed_timestamp')
  const info = outer.enter(SEQUENCE)
  outer.end()
  if (info.smallInteger() !== 1) return null
  info.oid()
  const imprint = info.enter(SEQUENCE)
  const digest = readDigestAlgorithm(imprint)
  const value = imprint.octets()
  imprint.end()
  info.integer()
  return { digest, imprint: value, time: info.time() }
}

/** Whether the signed attributes bind this certificate (RFC 5816, RFC 2634 §5.4), so that no other with the same key can stand in. */
function namesCertificate({ others }: SignedAttributes, certificate: Certificate): boolean {
  const second = others.get(SIGNING_CERTIFICATE_V2)
  const first = others.get(SIGNING_CERTIFICATE)
  const value = second ?? first
  if (value === undefined) return false
  const id = new DerReader(value, 'malformed_timestamp').enter(SEQUENCE).enter(SEQUENCE).enter(SEQUENCE)
  const named = second !== undefined && id.next === SEQUENCE ? readDigestAlgorithm(id) : 'sha256'
  const digest = second === undefined ? 'sha1' : named
  return equalBytes(id.octets(), digestOf(digest, certificate.der))
}
