import { krlCertificates, makeKrl } from './make-krl.ts'
import { CLAIMED } from './matrix.ts'
import {
  any,
  authority,
  by,
  ca,
  certified,
  in2024,
  key,
  line,
  notReduced,
  p256,
  type Row,
  rsa,
  second,
  sk,
  withKey,
} from './rows.ts'
import { keyText, makeCertificate, makeKey, str, u64 } from './software-signer.ts'

/** Signatures whose mathematics hold, and which are not good. */
export const trustRows: readonly Row[] = [
  { name: 'no trust configured', signers: null, status: 'untrusted', reason: 'no_allowed_signers', git: 'N' },
  { name: 'nobody allowed', signers: '', status: 'untrusted', reason: 'unknown_key', git: 'U' },
  {
    name: 'no known authority',
    signature: certified(),
    status: 'untrusted',
    reason: 'unknown_certificate_authority',
    git: 'U',
  },
  {
    name: 'an empty name first',
    signers: `,a ${keyText(key.blob)}`,
    status: 'untrusted',
    reason: 'principal_not_listed',
    git: 'U',
  },
  {
    name: 'a certificate for a name that is a list',
    signers: ca,
    signature: certified({ principals: ['a,b'] }),
    status: 'untrusted',
    reason: 'principal_not_in_certificate',
    git: 'B',
  },
  {
    name: 'another namespace on the line',
    signers: line(key, 'namespaces="file"'),
    status: 'untrusted',
    reason: 'namespace_not_allowed',
    git: 'B',
  },
  {
    name: 'a host certificate',
    signers: ca,
    signature: certified({ kind: 2 }),
    status: 'untrusted',
    reason: 'host_certificate',
    git: 'U',
  },
  {
    name: 'a certificate for nobody',
    signers: ca,
    signature: certified({ principals: [] }),
    status: 'untrusted',
    reason: 'certificate_without_principals',
    git: 'U',
  },
  {
    name: 'an unknown critical option',
    signers: ca,
    signature: certified({ criticalOptions: [['x', '']] }),
    status: 'untrusted',
    reason: 'unknown_critical_option',
    git: 'G',
  },
  {
    name: 'a certificate signed with SHA-1',
    signers: `* cert-authority ${keyText(rsa.blob)}`,
    signature: certified({ sign: { format: 'ssh-rsa' } }, rsa),
    status: 'untrusted',
    reason: 'sha1_certificate',
    git: 'G',
  },
  {
    name: 'an RSA-1024 authority',
    ...weakAuthority(),
    status: 'untrusted',
    reason: 'weak_certificate_authority',
    git: 'G',
  },
  {
    name: 'an authority signature with a second spelling',
    ...respeltCertificate(),
    status: 'untrusted',
    reason: 'non_canonical_certificate',
    git: 'G',
  },
  { name: 'RSA-1024', ...withKey(makeKey('ssh-rsa', 1024)), status: 'untrusted', reason: 'weak_key', git: 'G' },
  {
    name: 'a security key that nobody touched',
    ...withKey(sk, { flags: 4 }),
    options: { requireUserPresence: true },
    status: 'untrusted',
    reason: 'no_user_presence',
    git: 'G',
  },
  {
    name: 'no user verification where we ask for it',
    ...withKey(sk),
    options: { requireUserVerification: true },
    status: 'untrusted',
    reason: 'no_user_verification',
    git: 'G',
  },
  {
    name: 'no user verification where the certificate asks for it',
    signers: ca,
    signature: certified({ criticalOptions: [['verify-required', '']] }, authority, sk),
    status: 'untrusted',
    reason: 'no_user_verification',
    git: 'G',
  },
  {
    name: 'verify-required on a key that cannot',
    signers: ca,
    signature: certified({ criticalOptions: [['verify-required', '']] }),
    status: 'untrusted',
    reason: 'no_user_verification',
    git: 'G',
  },
  {
    name: 'a key past its window',
    signers: line(key, 'valid-before="20240101Z"'),
    status: 'expired_key',
    reason: 'key_expired',
    git: 'U',
  },
  {
    name: 'a key before its window',
    signers: line(key, 'valid-after="20250101Z"'),
    status: 'expired_key',
    reason: 'key_not_yet_valid',
    git: 'U',
  },
  {
    name: 'an expired certificate',
    signers: ca,
    signature: certified({ validBefore: second('2024-01-01') }),
    status: 'expired_key',
    reason: 'certificate_expired',
    git: 'U',
  },
  {
    name: 'a certificate before its window',
    signers: ca,
    signature: certified({ validAfter: second('2025-01-01') }),
    status: 'expired_key',
    reason: 'certificate_not_yet_valid',
    git: 'U',
  },
  {
    name: 'a back-dated commit',
    signers: line(key, in2024),
    times: { trusted: CLAIMED + 366 * 86400 },
    status: 'expired_key',
    reason: 'outside_validity_at_trusted_time',
    git: 'G',
  },
  {
    name: 'a back-dated commit with a certificate',
    signers: ca,
    signature: certified({ validBefore: BigInt(CLAIMED) + 60n }),
    times: { trusted: CLAIMED + 60 },
    status: 'expired_key',
    reason: 'outside_validity_at_trusted_time',
    git: 'G',
  },
  {
    name: 'expired at the claimed and at the trusted time',
    signers: line(key, 'valid-before="20230101Z"'),
    times: { trusted: CLAIMED + 5 },
    status: 'expired_key',
    reason: 'key_expired',
    git: 'U',
  },
  {
    name: 'a revoked key',
    revoked: [Buffer.from(keyText(key.blob))],
    status: 'revoked_key',
    reason: 'key_revoked',
    git: 'B',
  },
  {
    name: 'a key in the second list',
    revoked: [makeKrl(), makeKrl([2, str(key.blob)])],
    status: 'revoked_key',
    reason: 'key_revoked',
    git: 'B',
  },
  {
    name: 'a revoked key that nobody knows',
    signers: '',
    revoked: [makeKrl([2, str(key.blob)])],
    status: 'revoked_key',
    reason: 'key_revoked',
    git: 'U',
  },
  {
    name: 'a revocation from a date, and no trusted time',
    revoked: [makeKrl([2, str(key.blob)])],
    since: CLAIMED + 9,
    status: 'revoked_key',
    reason: 'key_revoked',
    git: 'B',
  },
  {
    name: 'a revocation that has begun at the trusted time',
    revoked: [makeKrl([2, str(key.blob)])],
    since: CLAIMED,
    times: { trusted: CLAIMED },
    status: 'revoked_key',
    reason: 'key_revoked',
    git: 'B',
  },
  {
    name: 'a revocation without a date, and a trusted time',
    revoked: [makeKrl([2, str(key.blob)])],
    times: { trusted: CLAIMED },
    status: 'revoked_key',
    reason: 'key_revoked',
    git: 'B',
  },
  {
    name: 'a revoked authority',
    signers: ca,
    signature: certified(),
    revoked: [makeKrl([2, str(authority.blob)])],
    status: 'revoked_key',
    reason: 'certificate_authority_revoked',
    git: 'B',
  },
  {
    name: 'a revoked serial',
    signers: ca,
    signature: certified(),
    revoked: [makeKrl(krlCertificates(any, [0x20, u64(5n)]))],
    status: 'revoked_key',
    reason: 'certificate_serial_revoked',
    git: 'B',
  },
  {
    name: 'a revoked key id',
    signers: ca,
    signature: certified(),
    revoked: [makeKrl(krlCertificates(any, [0x23, str('id-5')]))],
    status: 'revoked_key',
    reason: 'certificate_key_id_revoked',
    git: 'B',
  },
  {
    name: 'a key whose point is not reduced',
    signers: `a ${keyText(notReduced)}`,
    signature: by(key, { keyBlob: notReduced }),
    options: { ed25519Verify: () => true },
    status: 'untrusted',
    reason: 'non_canonical_key',
    git: 'G',
  },
]

function weakAuthority(): Pick<Row, 'signature' | 'signers'> {
  const weak = makeKey('ssh-rsa', 1024)
  return { signature: certified({}, weak), signers: `* cert-authority ${keyText(weak.blob)}` }
}

/** The authority's ECDSA signature with one leading zero more than its r needs. */
function respeltCertificate(): Pick<Row, 'signature' | 'signers'> {
  const certificate = makeCertificate(key, p256)
  const typeLength = 4 + p256.type.length
  const at = certificate.lastIndexOf(str(p256.type))
  const pair = certificate.subarray(at + typeLength + 4)
  const rLength = pair.readUInt32BE(0)
  const longer = Buffer.concat([
    str(Buffer.concat([Buffer.of(0), pair.subarray(4, 4 + rLength)])),
    pair.subarray(4 + rLength),
  ])
  const keyBlob = Buffer.concat([certificate.subarray(0, at - 4), str(Buffer.concat([str(p256.type), str(longer)]))])
  return { signature: by(key, { keyBlob }), signers: `* cert-authority ${keyText(p256.blob)}` }
}
