import type { Certificate } from './certificate.ts'
import type { SignerId } from './cms.ts'

/** Whether this certificate is the one that a signer names. */
export function isMatch(certificate: Certificate, id: SignerId): boolean {
  return id.kind === 'serial'
    ? certificate.serial === id.serial && certificate.issuer.key === id.issuer
    : certificate.subjectKeyId === id.subjectKeyId
}
