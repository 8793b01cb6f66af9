import type { SignatureCheck } from '../signature.ts'
import type { CertificateExtensions } from './certificate-extensions.ts'
import { type DistinguishedName, formatName } from './distinguished-name.ts'

interface Described extends Pick<CertificateExtensions, 'names' | 'fulcio'> {
  readonly serial: string
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * What is worth keeping of a signer's certificate: names, serial number, validity, Fulcio's statements. Several alternative names
 * of one kind stand in one text with a space between them; none has white space of its own.
 */
export function describeCertificate(certificate: Described): SignatureCheck['details'] {
  const { emails, uris, others } = certificate.names
  const fulcio = Object.entries(certificate.fulcio).map(([name, value]) => [`fulcio.${name}`, value])
  return {
    serial: certificate.serial,
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    ...(certificate.notBefore <= certificate.notAfter
      ? { notBefore: certificate.notBefore, notAfter: certificate.notAfter }
      : {}),
    ...(emails.length > 0 ? { emails: list(emails) } : {}),
    ...(uris.length > 0 ? { uris: list(uris) } : {}),
    ...(others.length > 0 ? { otherNames: list(others) } : {}),
    ...Object.fromEntries(fulcio),
  }
}

/** A name that holds a space must not read as two names. */
function list(names: readonly string[]): string {
  return names.map((name) => name.replaceAll(' ', '%20')).join(' ')
}
