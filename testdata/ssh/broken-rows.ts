import recorded from './recorded/git.json' with { type: 'json' }
import {
  authority,
  blob,
  by,
  ca,
  certified,
  key,
  line,
  p256,
  payload,
  type Row,
  rsa,
  small,
  text,
  withKey,
} from './rows.ts'
import {
  armor,
  ed25519KeyOf,
  keyText,
  makeCertificate,
  makeKey,
  makeSshsig,
  NEUTRAL_SIGNATURE,
  signedData,
  signWithNeutralCommitment,
  str,
  webauthnSign,
} from './software-signer.ts'

/** What is not a signature, not of these bytes, or of a kind that cannot be checked. */
export const brokenRows: readonly Row[] = [
  {
    name: 'a broken signature and no trust configured',
    signers: null,
    signature: text.slice(0, 99),
    status: 'malformed',
    reason: 'missing_footer',
    git: 'N',
  },
  {
    name: 'another payload',
    signature: makeSshsig(key, Buffer.from('x')),
    status: 'bad',
    reason: 'signature_mismatch',
    git: 'B',
  },
  {
    name: 'another key in the blob',
    signature: by(key, { keyBlob: authority.blob }),
    signers: line(authority),
    status: 'bad',
    reason: 'signature_mismatch',
    git: 'B',
  },
  {
    name: 'another namespace',
    signature: by(key, { namespace: 'file' }),
    status: 'bad',
    reason: 'namespace_mismatch',
    git: 'B',
  },
  {
    name: 'an asked-for namespace that is not there',
    namespace: 'file',
    status: 'bad',
    reason: 'namespace_mismatch',
    git: 'B',
  },
  {
    name: 'a forged certificate',
    signers: ca,
    signature: certified({}, { ...makeKey('ssh-ed25519'), blob: authority.blob }),
    status: 'bad',
    reason: 'certificate_signature_mismatch',
    git: 'B',
  },
  { name: 'no header', signature: '', status: 'malformed', reason: 'missing_header', git: 'B' },
  { name: 'no footer', signature: text.slice(0, -30), status: 'malformed', reason: 'missing_footer', git: 'B' },
  { name: 'no base64', signature: text.replace('U1NI', 'U1N.'), status: 'malformed', reason: 'bad_base64', git: 'B' },
  { name: 'another magic', signature: armor(blob.with(5, 0)), status: 'malformed', reason: 'bad_magic', git: 'B' },
  {
    name: 'a blob cut short',
    signature: armor(blob.subarray(0, -1)),
    status: 'malformed',
    reason: 'truncated',
    git: 'B',
  },
  {
    name: 'a blob that goes on',
    signature: armor(Buffer.concat([blob, Buffer.of(0)])),
    status: 'malformed',
    reason: 'trailing_data',
    git: 'B',
  },
  {
    name: 'a zero byte in the namespace',
    signature: by(key, { namespace: 'g\0t' }),
    status: 'malformed',
    reason: 'embedded_nul',
    git: 'B',
  },
  {
    name: 'a negative ECDSA number',
    signature: by(p256, { change: () => Buffer.concat([str(p256.type), str(str(Buffer.of(0x80)))]) }),
    status: 'malformed',
    reason: 'bad_number',
    git: 'B',
  },
  {
    name: 'a key of the wrong size',
    signature: by(key, { keyBlob: Buffer.concat([str('ssh-ed25519'), str('x')]) }),
    status: 'malformed',
    reason: 'bad_key',
    git: 'B',
  },
  {
    name: 'another curve',
    signature: by(p256, { keyBlob: Buffer.concat([str('ecdsa-sha2-nistp521'), p256.fields]) }),
    status: 'malformed',
    reason: 'key_type_mismatch',
    git: 'B',
  },
  {
    name: 'a certificate of a third kind',
    signature: certified({ kind: 3 }),
    status: 'malformed',
    reason: 'bad_certificate',
    git: 'B',
  },
  {
    name: 'a certificate signed by a certificate',
    signature: certified({}, { ...authority, blob: makeCertificate(authority, key) }),
    status: 'malformed',
    reason: 'bad_certificate_authority',
    git: 'B',
  },
  {
    name: 'an Ed25519 signature of 63 bytes',
    signature: by(key, { change: (raw) => Buffer.concat([str('ssh-ed25519'), str(raw.subarray(20))]) }),
    status: 'malformed',
    reason: 'bad_signature',
    git: 'B',
  },
  {
    name: 'a signature of another type',
    signature: by(key, { format: 'ssh-rsa' }),
    status: 'malformed',
    reason: 'unsupported_signature_type',
    git: 'B',
  },
  { name: 'text after the footer', signature: `${text}x`, status: 'malformed', reason: 'text_after_footer', git: 'G' },
  {
    name: 'blanks in the body',
    signature: text.replace('U1NI', 'U1 NI'),
    status: 'malformed',
    reason: 'armor_white_space',
    git: 'G',
  },
  { name: 'version 0', signature: by(key, { version: 0 }), status: 'malformed', reason: 'old_version', git: 'G' },
  {
    name: 'reserved bytes',
    signature: by(key, { reserved: 'x' }),
    status: 'malformed',
    reason: 'reserved_not_empty',
    git: 'G',
  },
  {
    name: 'a zero byte after the namespace',
    signature: by(key, { namespace: 'git\0' }),
    status: 'malformed',
    reason: 'trailing_nul',
    git: 'G',
  },
  {
    name: 'a short type name',
    signature: by(key, { keyBlob: Buffer.concat([str('ED25519'), key.fields]) }),
    status: 'malformed',
    reason: 'non_canonical_key_blob',
    git: 'G',
  },
  {
    name: 'a scalar that is not reduced',
    signature: recordedArmor('blob: Ed25519 scalar not reduced'),
    signers: recordedSigners('blob: Ed25519 scalar not reduced'),
    status: 'malformed',
    reason: 'non_canonical_signature',
    git: 'G',
  },
  {
    name: 'a commitment of small order',
    ...smallOrderCommitment(),
    status: 'malformed',
    reason: 'small_order_signature',
    git: 'G',
  },
  {
    name: 'more than 256 KiB',
    signature: text + '\n'.repeat(256 * 1024),
    status: 'unverifiable',
    reason: 'too_large',
    git: 'B',
  },
  {
    name: 'version 2',
    signature: by(key, { version: 2 }),
    status: 'unverifiable',
    reason: 'unsupported_version',
    git: 'B',
  },
  {
    name: 'another hash',
    signature: by(key, { hash: 'sha384' }),
    status: 'unverifiable',
    reason: 'unsupported_hash',
    git: 'B',
  },
  {
    name: 'an unknown key type',
    signature: by(key, { keyBlob: str('ssh-mldsa44-ed25519@openssh.com') }),
    status: 'unverifiable',
    reason: 'unsupported_key_type',
    git: 'B',
  },
  { name: 'RSA-1016', ...withKey(makeKey('ssh-rsa', 1016)), status: 'unverifiable', reason: 'short_rsa_key', git: 'B' },
  {
    name: 'a key of small order, with a signature that fits every message',
    signers: `a ${keyText(small)}`,
    signature: by(key, { keyBlob: small, change: () => Buffer.from(NEUTRAL_SIGNATURE) }),
    status: 'unverifiable',
    reason: 'small_order_key',
    git: 'G',
  },
  {
    name: 'a key of small order, unknown',
    signature: by(key, { keyBlob: small, change: () => Buffer.from(NEUTRAL_SIGNATURE) }),
    status: 'unverifiable',
    reason: 'small_order_key',
    git: 'U',
  },
  {
    name: 'a key of small order, with a signature that does not fit',
    signers: `a ${keyText(small)}`,
    signature: by(key, { keyBlob: small }),
    status: 'unverifiable',
    reason: 'small_order_key',
    git: 'B',
  },
  {
    name: 'RSA with SHA-1',
    ...withKey(rsa, { format: 'ssh-rsa' }),
    status: 'unverifiable',
    reason: 'sha1_signature',
    git: 'B',
  },
  {
    name: 'a date past the year 9999',
    times: { claimed: 253402300800 },
    status: 'unverifiable',
    reason: 'time_out_of_range',
    git: 'B',
  },
  {
    name: 'a trusted time that is no time',
    times: { trusted: Number.NaN },
    status: 'unverifiable',
    reason: 'time_out_of_range',
    git: 'G',
  },
  {
    name: 'a zero byte after the type of the signature',
    signature: by(key, { change: (raw) => Buffer.concat([str('ssh-ed25519\0'), raw.subarray(15)]) }),
    status: 'malformed',
    reason: 'non_canonical_signature',
    git: 'G',
  },
  {
    name: 'a zero byte after the origin',
    ...webauthn({ origin: 'a\0' }),
    git: 'G',
    status: 'malformed',
    reason: 'non_canonical_signature',
  },
  {
    name: 'a quote in the origin',
    ...webauthn({ origin: 'a"b' }),
    git: 'B',
    status: 'malformed',
    reason: 'bad_signature',
  },
]

function smallOrderCommitment(): Pick<Row, 'signature' | 'signers'> {
  const seed = Buffer.alloc(32, 3)
  const owner = ed25519KeyOf(seed)
  const change = (): Buffer => signWithNeutralCommitment(seed, signedData(payload))
  return { signature: by(owner, { change }), signers: line(owner) }
}

function recordedCase(name: string): (typeof recorded)[number] {
  const found = recorded.find((item) => item.name === name)
  if (found === undefined) throw new Error(`no recorded case ${name}`)
  return found
}

function recordedArmor(name: string): string {
  return recordedCase(name).armor
}

function recordedSigners(name: string): string | null {
  return recordedCase(name).allowedSigners
}

/** A browser's signature, with the origin in the client data as it stands in the signature, unescaped. */
function webauthn({ origin }: { readonly origin: string }): Pick<Row, 'signature' | 'signers'> {
  const signer = makeKey('sk-ecdsa-sha2-nistp256@openssh.com')
  const name = origin.replace('\0', '')
  const change = (text: string): string => text.replace(/"origin":".*","cross/, `"origin":"${name}","cross`)
  const raw = webauthnSign(signer, signedData(payload), { origin, change })
  return { signature: by(signer, { change: () => raw }), signers: line(signer) }
}
