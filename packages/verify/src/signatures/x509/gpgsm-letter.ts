import type { GitLetter } from '../signature.ts'
import type { Certificate } from './certificate.ts'
import type { CertificatePath } from './chain.ts'
import type { SignedMessage, Signer } from './cms.ts'

/** RSASSA-PSS salts of the digest's own length are the only ones that gpgsm 2.2 verifies. */
const SALTS: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 }

/**
 * Whether gpgsm 2.2 gives up on a message, so that git sees no verdict and prints `N`: libksba takes an empty subject, which
 * every Fulcio certificate has, for a broken message, and cannot find a certificate by its key id; gpgsm itself makes only the digests
 * that the message announces.
 */
export function defeatsGpgsm(
  signer: Signer,
  embedded: readonly Certificate[],
  digests: SignedMessage['digests'],
): boolean {
  if (signer.id.kind === 'key' || !digests.includes(signer.digest)) return true
  return embedded.some(({ subject }) => subject.parts.length === 0)
}

/** Whether gpgsm 2.2 calls every signature of this kind bad. */
export function isUnknownToGpgsm(signer: Signer): boolean {
  const { keyType, digest, saltLength } = signer.algorithm
  return keyType === 'ed25519' || (saltLength !== null && saltLength !== SALTS[digest ?? ''])
}

/**
 * The letter for a signature whose certificate was found, as gpgsm judges it: by the clock of the machine, by the shell model,
 * without a look at what the certificate may be used for. Found out with `testdata/x509/record.ts`, which says how gpgsm was set up.
 */
export function gpgsmLetter(signer: Signer, isMatching: boolean, path: CertificatePath, now: number): GitLetter {
  if (!isMatching || isUnknownToGpgsm(signer)) return 'B'
  if (path.problem !== null || now < path.notBefore) return 'U'
  return now > path.notAfter ? 'Y' : 'G'
}
