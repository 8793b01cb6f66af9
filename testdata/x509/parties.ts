/** The people and authorities of the X.509 tests: Acme's root and intermediate, Ann who signs, and whoever a test wishes for. */
import * as x from './issue.ts'

export const DAY = 86_400
export const YEAR = 365 * DAY

/** When Ann signs, in Unix seconds, and what. */
export const SIGNED = 1_700_000_000
export const payload =
  `tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Ann <ann@example.com> ${SIGNED} +0000\n` +
  `committer Ann <ann@example.com> ${SIGNED} +0000\n\nA signed commit\n`

export interface Party {
  readonly by: x.Signer
  readonly subject: Uint8Array
  readonly issuer: Uint8Array
  readonly serial: Uint8Array
  readonly der: Uint8Array
}

export interface Wish {
  readonly algorithm?: x.Algorithm
  /** The holder's key, instead of a new one. */
  readonly by?: x.Signer
  readonly subject?: Uint8Array
  readonly issuer?: Party
  readonly serial?: Uint8Array
  readonly notBefore?: number
  readonly notAfter?: number
  readonly extensions?: readonly x.Extension[]
  readonly signedBy?: x.Signer
}

export const acme = (name: string): Uint8Array =>
  x.name([
    ['O', 'Acme'],
    ['CN', name],
  ])
export const ann = x.altNames({ email: 'ann@example.com' })
let serials = 0

export function issue(wish: Wish): Party {
  const by = wish.by ?? x.newSigner(wish.algorithm ?? 'rsa')
  const subject = wish.subject ?? acme('Ann Example')
  const serial = wish.serial ?? Buffer.from(`B${serials++}`.padEnd(8, '.'))
  const issuer = wish.issuer?.subject ?? subject
  const der = x.issueCertificate({
    subject,
    issuer,
    serial,
    spki: by.spki,
    by: wish.signedBy ?? wish.issuer?.by ?? by,
    notBefore: wish.notBefore ?? SIGNED - YEAR,
    notAfter: wish.notAfter ?? SIGNED + 25 * YEAR,
    extensions: [
      ...(wish.extensions ?? [x.keyUsage(0, 1), x.extendedKeyUsage('1.3.6.1.5.5.7.3.4'), ann]),
      x.subjectKeyId(by.spki),
    ],
  })
  return { by, subject, issuer, serial, der }
}

export const authority = (name: string, wish: Wish = {}, pathLength?: number): Party =>
  issue({ subject: acme(name), extensions: [x.basicConstraints(true, pathLength), x.keyUsage(5, 6)], ...wish })

export const root = authority('Acme Root')
export const other = authority('Other Root')
export const intermediate = authority('Acme Intermediate', { issuer: root })

export const request = (party: Party, certificates: readonly Party[], changes: Partial<x.SignCms> = {}): x.SignCms => ({
  payload: Buffer.from(payload),
  issuer: party.issuer,
  serial: party.serial,
  by: party.by,
  certificates: certificates.map(({ der }) => der),
  signingTime: SIGNED,
  ...changes,
})
export const sign = (party: Party, certificates: readonly Party[], changes: Partial<x.SignCms> = {}): string =>
  x.armor(x.signCms(request(party, certificates, changes)))
