import { createHash } from 'node:crypto'
import { krlCertificates, makeKrl } from './make-krl.ts'
import { fileCases } from './matrix-files.ts'
import {
  armor,
  ed25519KeyOf,
  keyText,
  makeCertificate,
  makeKey,
  makeSshsig,
  makeSshsigBlob,
  mpint,
  NEUTRAL_SIGNATURE,
  type SoftwareKey,
  type SoftwareKeyType,
  type SshsigOptions,
  signedData,
  signWithNeutralCommitment,
  str,
  u64,
  type WebauthnOptions,
  webauthnSign,
} from './software-signer.ts'

/** One signed commit and the trust that git is asked to check it with. */
export interface MatrixCase {
  readonly name: string
  readonly payload: string
  readonly armor: string
  /** The allowed signers file, or null when none is configured. */
  readonly allowedSigners: string | null
  /** The revocation file in base64, or null when none is configured. */
  readonly revoked: string | null
  readonly claimed: number
}

export type Draft = Partial<Omit<MatrixCase, 'name'>>

export const KEY_TYPES: readonly SoftwareKeyType[] = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]

/** 2024-03-01T12:00:00Z, the committer date of every case that does not say otherwise. */
export const CLAIMED = Date.UTC(2024, 2, 1, 12) / 1000

export function commitPayload(claimed: number, message = 'signed'): string {
  const tree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
  const who = `A U Thor <author@example.com> ${claimed} +0000`
  return `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\n${message}\n`
}

/** Several hundred cases: every key type under every condition, certificates, and what no tool writes. */
export function makeMatrix(): readonly MatrixCase[] {
  const other = makeKey('ssh-ed25519')
  const authority = makeKey('ssh-ed25519')
  return [
    ...KEY_TYPES.flatMap((type) => plainCases(type, makeKey(type), other)),
    ...KEY_TYPES.flatMap((type) => certificateCases(type, makeKey(type), authority, other)),
    ...KEY_TYPES.map((type) => authorityCase(type, makeKey(type))),
    ...blobCases(),
    ...smallOrderCases(),
    ...webauthnCases(),
    ...armorCases(),
    ...fileCases(complete),
  ]
}

function complete(name: string, key: SoftwareKey, draft: Draft = {}, options: SshsigOptions = {}): MatrixCase {
  const claimed = draft.claimed ?? CLAIMED
  const payload = draft.payload ?? commitPayload(claimed)
  return {
    name,
    payload,
    armor: makeSshsig(key, Buffer.from(payload), options),
    allowedSigners: `alice@example.com ${keyText(key.blob)}\n`,
    revoked: null,
    claimed,
    ...draft,
  }
}

const flat = (...blobs: readonly Uint8Array[]): string =>
  Buffer.from(`# revoked\n${blobs.map((blob) => `${keyText(blob)} old key\n`).join('')}`).toString('base64')

function plainCases(type: SoftwareKeyType, key: SoftwareKey, other: SoftwareKey): readonly MatrixCase[] {
  const text = keyText(key.blob)
  const c = (name: string, draft: Draft = {}, options: SshsigOptions = {}): MatrixCase =>
    complete(`${type}: ${name}`, key, draft, options)
  const line = (name: string, allowedSigners: string): MatrixCase => c(name, { allowedSigners })
  const digest = (hashName: string): Buffer => Buffer.from(hash(hashName, key.blob))
  return [
    c('known key'),
    c('sha256', {}, { hash: 'sha256' }),
    c('no allowed signers', { allowedSigners: null }),
    c('empty allowed signers', { allowedSigners: '' }),
    line('another key', `alice@example.com ${keyText(other.blob)}\n`),
    c('another namespace', {}, { namespace: 'file' }),
    c('another payload', { payload: commitPayload(CLAIMED, 'changed'), armor: complete('', key).armor }),
    line('namespace allowed', `a@b namespaces="git" ${text}\n`),
    line('namespace in a list', `a@b namespaces="file,g*" ${text}\n`),
    line('namespace not allowed', `a@b namespaces="file" ${text}\n`),
    line('namespace negated', `a@b namespaces="*,!git" ${text}\n`),
    line('inside the window', `a@b valid-after="20240101Z",valid-before="20250101Z" ${text}\n`),
    line('expired', `a@b valid-before="20240101Z" ${text}\n`),
    line('not yet valid', `a@b valid-after="20250101Z" ${text}\n`),
    line('expired line, then a good one', `old@b valid-before="20240101Z" ${text}\nnew@b ${text}\n`),
    line('two lines', `first@b ${text}\nsecond@b ${text}\n`),
    line('wrong namespace on the first line', `first@b namespaces="file" ${text}\nsecond@b ${text}\n`),
    line('same name on both lines, namespace on the second', `a@b namespaces="file" ${text}\na@b ${text}\n`),
    line('certificate authority line', `a@b cert-authority ${text}\n`),
    c('revoked, flat file', { revoked: flat(other.blob, key.blob) }),
    c('another key revoked', { revoked: flat(other.blob) }),
    c('unknown and revoked', { allowedSigners: '', revoked: flat(key.blob) }),
    c('revoked by key', { revoked: makeKrl([2, str(key.blob)]).toString('base64') }),
    c('revoked by SHA-1', { revoked: makeKrl([3, str(digest('sha1'))]).toString('base64') }),
    c('revoked by SHA-256', { revoked: makeKrl([5, str(digest('sha256'))]).toString('base64') }),
    c('empty KRL', { revoked: makeKrl().toString('base64') }),
    c('user not present', {}, { flags: 0 }),
    c('user verified', {}, { flags: 5, counter: 0xfffffffe }),
    c('a signature of another type', {}, { format: 'ssh-dss' }),
    c('a zero byte after the type', {}, { change: zeroAfterType }),
    c('a byte after the signature', {}, { change: (raw) => Buffer.concat([raw, Buffer.of(0)]) }),
    c('a signature cut short', {}, { change: (raw) => raw.subarray(0, -1) }),
    c('a flipped bit', {}, { change: (raw) => raw.with(raw.length - 9, (raw[raw.length - 9] ?? 0) ^ 1) }),
  ]
}

function zeroAfterType(raw: Buffer): Buffer {
  const end = 4 + raw.readUInt32BE(0)
  return Buffer.concat([str(Buffer.concat([raw.subarray(4, end), Buffer.of(0)])), raw.subarray(end)])
}

function certificateCases(
  type: SoftwareKeyType,
  key: SoftwareKey,
  authority: SoftwareKey,
  other: SoftwareKey,
): readonly MatrixCase[] {
  const ca = (options: string, patterns = '*@example.com'): string =>
    `${patterns} ${options} ${keyText(authority.blob)}\n`
  const c = (
    name: string,
    certificate: Parameters<typeof makeCertificate>[2] = {},
    draft: Draft = {},
    change: (blob: Buffer) => Buffer = (blob) => blob,
  ): MatrixCase => {
    const keyBlob = change(makeCertificate(key, authority, certificate))
    const trust = { allowedSigners: ca('cert-authority'), ...draft }
    return complete(`${type} certificate: ${name}`, key, trust, { keyBlob })
  }
  const at = (date: string): bigint => BigInt(Date.parse(date) / 1000)
  const own = makeCertificate(key, authority)
  const revoked = (blob: Uint8Array, ...parts: Parameters<typeof krlCertificates>[1][]): Draft => ({
    revoked: makeKrl(krlCertificates(blob, ...parts)).toString('base64'),
  })
  return [
    c('good'),
    c('unknown authority', {}, { allowedSigners: `* cert-authority ${keyText(other.blob)}\n` }),
    c('authority without cert-authority', {}, { allowedSigners: ca('namespaces="git"') }),
    c('plain key on the line', {}, { allowedSigners: `a@b ${keyText(key.blob)}\n` }),
    complete(
      `${type} certificate: itself on the line`,
      key,
      { allowedSigners: `a@b ${keyText(own)}\n` },
      { keyBlob: own },
    ),
    c('host certificate', { kind: 2 }),
    c('certificate of a third kind', { kind: 3 }),
    c('expired', { validBefore: at('2024-01-01') }),
    c('not yet valid', { validAfter: at('2025-01-01') }),
    c('first second', { validAfter: BigInt(CLAIMED) }),
    c('second after the last', { validBefore: BigInt(CLAIMED) }),
    c('last second', { validBefore: BigInt(CLAIMED) + 1n }),
    c('no principals', { principals: [] }),
    c('principal outside the pattern', { principals: ['mallory@example.org'] }),
    c('several principals', { principals: ['x', 'bob@example.com', 'alice@example.com'] }),
    c('a principal that is a list', { principals: ['bob@example.com,eve@example.com'] }),
    c('negated pattern', {}, { allowedSigners: ca('cert-authority', '*,!alice@*') }),
    c('two patterns', {}, { allowedSigners: ca('cert-authority', 'zed,al*') }),
    c('namespace not allowed', {}, { allowedSigners: ca('cert-authority,namespaces="file"') }),
    c('authority line expired', {}, { allowedSigners: ca('cert-authority,valid-before="20230101Z"') }),
    c('force-command', { criticalOptions: [['force-command', 'true']] }),
    c('verify-required', { criticalOptions: [['verify-required', '']] }),
    c('unknown critical option', { criticalOptions: [['novel@example.com', '']] }),
    c(
      'signature of the authority broken',
      {},
      {},
      (blob) => blob.with(-1 + blob.length, (blob.at(-1) ?? 0) ^ 1) as Buffer,
    ),
    c('key inside revoked', {}, { revoked: flat(key.blob) }),
    c('authority revoked', {}, { revoked: flat(authority.blob) }),
    c('serial revoked', {}, revoked(authority.blob, [0x20, Buffer.concat([u64(4n), u64(5n)])])),
    c('serial revoked for every authority', {}, revoked(Buffer.alloc(0), [0x20, u64(5n)])),
    c('serial of another authority revoked', {}, revoked(other.blob, [0x20, u64(5n)])),
    c('serial in a range', {}, revoked(authority.blob, [0x21, Buffer.concat([u64(3n), u64(9n)])])),
    c('serial outside a range', {}, revoked(authority.blob, [0x21, Buffer.concat([u64(6n), u64(9n)])])),
    c('serial in a bitmap', {}, revoked(authority.blob, [0x22, Buffer.concat([u64(2n), mpint(Buffer.of(0x09))])])),
    c('serial not in a bitmap', {}, revoked(authority.blob, [0x22, Buffer.concat([u64(2n), mpint(Buffer.of(0x17))])])),
    c('key id revoked', {}, revoked(authority.blob, [0x23, Buffer.concat([str('id-4'), str('id-5')])])),
    c('zero serial revoked by key id only', { serial: 0n }, revoked(authority.blob, [0x23, str('id-5')])),
  ]
}

function authorityCase(type: SoftwareKeyType, authority: SoftwareKey): MatrixCase {
  const key = makeKey('ssh-ed25519')
  const keyBlob = makeCertificate(key, authority)
  const allowedSigners = `*@example.com cert-authority ${keyText(authority.blob)}\n`
  return complete(`authority of type ${type}`, key, { allowedSigners }, { keyBlob })
}

function blobCases(): readonly MatrixCase[] {
  const key = makeKey('ssh-ed25519')
  const rsa = makeKey('ssh-rsa')
  const small = makeKey('ssh-rsa', 1024)
  const ecdsa = makeKey('ecdsa-sha2-nistp256')
  const point = key.fields
  const c = (name: string, signer: SoftwareKey, options: SshsigOptions): MatrixCase =>
    complete(`blob: ${name}`, signer, {}, options)
  const renamed = (name: string, of: SoftwareKey): SshsigOptions => ({ keyBlob: Buffer.concat([str(name), of.fields]) })
  const authorityRsa = makeKey('ssh-rsa')
  return [
    c('version 0', key, { version: 0 }),
    c('version 2', key, { version: 2 }),
    c('reserved bytes', key, { reserved: 'x' }),
    c('zero byte after the namespace', key, { namespace: 'git\0' }),
    c('zero byte inside the namespace', key, { namespace: 'g\0t' }),
    c('zero byte after the hash name', key, { hash: 'sha512\0' }),
    c('hash sha384', key, { hash: 'sha384' }),
    c('empty namespace', key, { namespace: '' }),
    c('short type name', key, renamed('Ed25519', key)),
    c('type name with a zero byte', key, renamed('ssh-ed25519\0', key)),
    c('short RSA type name', rsa, renamed('RSA', rsa)),
    c('signature algorithm as type name', rsa, renamed('rsa-sha2-512', rsa)),
    c('short ECDSA type name', ecdsa, renamed('ECDSA', ecdsa)),
    c('unknown type', key, renamed('ssh-mldsa44-ed25519@openssh.com', key)),
    c('bytes after the key', key, { keyBlob: Buffer.concat([key.blob, Buffer.of(0)]) }),
    c('key of 31 bytes', key, { keyBlob: Buffer.concat([str('ssh-ed25519'), str(point.subarray(5))]) }),
    c('another curve name', ecdsa, {
      keyBlob: Buffer.concat([str(ecdsa.type), str('nistp384'), ecdsa.fields.subarray(12)]),
    }),
    c('point off the curve', ecdsa, { keyBlob: ecdsa.blob.with(-1 + ecdsa.blob.length, (ecdsa.blob.at(-1) ?? 0) ^ 1) }),
    c('RSA exponent with a leading zero', rsa, {
      keyBlob: Buffer.concat([str('ssh-rsa'), str(Buffer.of(0, 1, 0, 1)), rsa.fields.subarray(7)]),
    }),
    c('rsa-sha2-256', rsa, { format: 'rsa-sha2-256' }),
    c('RSA with SHA-1', rsa, { format: 'ssh-rsa' }),
    c('RSA of 1,024 bits', small, {}),
    c('RSA of 1,020 bits', makeKey('ssh-rsa', 1020), {}),
    c('RSA signature with a leading zero', rsa, {
      change: (raw) => Buffer.concat([str('rsa-sha2-512'), str(Buffer.concat([Buffer.of(0), raw.subarray(20)]))]),
    }),
    c('ECDSA number with a leading zero', ecdsa, { change: zeroBeforeR }),
    c('Ed25519 scalar not reduced', key, { change: addGroupOrder }),
    c('Ed25519 signature of 63 bytes', key, {
      change: (raw) => Buffer.concat([str('ssh-ed25519'), str(raw.subarray(20))]),
    }),
    c('certificate by SHA-1', key, {
      keyBlob: makeCertificate(key, authorityRsa, { sign: { format: 'ssh-rsa' } }),
    }),
    complete(
      'blob: certificate by SHA-1, authority known',
      key,
      { allowedSigners: `* cert-authority ${keyText(authorityRsa.blob)}\n` },
      { keyBlob: makeCertificate(key, authorityRsa, { sign: { format: 'ssh-rsa' } }) },
    ),
  ]
}

// The y coordinates of the points whose order divides 8, with two encodings that are not reduced.
const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]

function smallOrderCases(): readonly MatrixCase[] {
  const seed = Buffer.alloc(32, 3)
  const data = signedData(Buffer.from(commitPayload(CLAIMED)))
  const commitment = { change: () => signWithNeutralCommitment(seed, data) }
  const keys = SMALL_ORDER.flatMap((hex) => {
    const point = Buffer.from(hex, 'hex')
    return [point, point.with(31, (point[31] as number) | 0x80)]
  })
  return [
    complete('small order: commitment', ed25519KeyOf(seed), {}, commitment),
    ...keys.flatMap((point) =>
      ['git', 'other'].map((namespace) => {
        const fields = str(point)
        const key = { ...makeKey('ssh-ed25519'), fields, blob: Buffer.concat([str('ssh-ed25519'), fields]) }
        const name = `small order: key ${Buffer.from(point).toString('hex')} for ${namespace}`
        return complete(name, key, {}, { namespace, change: () => Buffer.from(NEUTRAL_SIGNATURE) })
      }),
    ),
  ]
}

function zeroBeforeR(raw: Buffer): Buffer {
  const pair = raw.subarray(4 + raw.readUInt32BE(0) + 4)
  const rLength = pair.readUInt32BE(0)
  const r = Buffer.concat([Buffer.of(0), pair.subarray(4, 4 + rLength)])
  return Buffer.concat([
    raw.subarray(0, 4 + raw.readUInt32BE(0)),
    str(Buffer.concat([str(r), pair.subarray(4 + rLength)])),
  ])
}

const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n

function addGroupOrder(raw: Buffer): Buffer {
  const changed = Buffer.from(raw)
  const s = BigInt(`0x${Buffer.from(raw.subarray(-32)).reverse().toString('hex')}`) + GROUP_ORDER
  changed.set(Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(), raw.length - 32)
  return changed
}

function webauthnCases(): readonly MatrixCase[] {
  const key = makeKey('sk-ecdsa-sha2-nistp256@openssh.com')
  const data = signedData(Buffer.from(commitPayload(CLAIMED)))
  const options: readonly (readonly [string, WebauthnOptions])[] = [
    ['good', {}],
    ['another origin', { origin: 'ssh:' }],
    ['an origin with a quote', { origin: 'a"b' }],
    ['an origin with a zero byte at its end', { origin: 'a\0' }],
    ['user absent', { flags: 0 }],
    ['attested data', { flags: 0x41 }],
    ['extensions', { flags: 0x81, extensions: 'x' }],
    ['extensions without their flag', { extensions: 'x' }],
    ['the extension flag without extensions', { flags: 0x81 }],
    ['another challenge', { change: (text) => text.replace('"challenge":"', '"challenge":"A') }],
    ['another type', { change: (text) => text.replace('webauthn.get', 'webauthn.create') }],
    ['more fields', { change: (text) => text.replace('}', ',"x":1}') }],
    ['client data cut short', { change: (text) => text.slice(0, 40) }],
  ]
  return options.map(([name, option]) =>
    complete(`webauthn: ${name}`, key, {}, { change: () => webauthnSign(key, data, option) }),
  )
}

function armorCases(): readonly MatrixCase[] {
  const key = makeKey('ssh-ed25519')
  const good = complete('', key)
  const c = (name: string, change: (text: string) => string): MatrixCase => ({
    ...good,
    name: `armour: ${name}`,
    armor: change(good.armor),
  })
  const footer = '-----END SSH SIGNATURE-----'
  const blob = makeSshsigBlob(key, Buffer.from(good.payload))
  return [
    c('CRLF everywhere', (text) => text.replaceAll('\n', '\r\n')),
    c('CRLF in the body', (text) => text.replaceAll('\n', '\r\n').replace('\r\n', '\n')),
    c('CRLF after the header', (text) => text.replace('\n', '\r\n')),
    c('text after the footer', (text) => `${text}more\n`),
    c('text on the footer line', (text) => text.replace(footer, `${footer}x`)),
    c('an empty line after the footer', (text) => `${text}\n`),
    c('no footer', (text) => text.replace(`\n${footer}`, '')),
    c('cut in the middle', (text) => text.slice(0, 200)),
    c('one line', (text) => text.replaceAll(/(?<=[A-Za-z0-9+/])\n(?=[A-Za-z0-9+/])/g, '')),
    c('blank in the body', (text) => text.replace('U1NI', 'U1 NI')),
    c('tab in the body', (text) => text.replace('U1NI', 'U1\tNI')),
    c('empty line in the body', (text) => text.replace('U1NI', '\nU1NI')),
    c('header with a blank', (text) => text.replace('-----\n', '----- \n')),
    c('a character that is not base64', (text) => text.replace('U1NI', 'U1N*')),
    c('no body', () => `-----BEGIN SSH SIGNATURE-----\n${footer}\n`),
    c('bytes after the blob', () => armor(Buffer.concat([blob, Buffer.of(0)]))),
    c('a blob cut short', () => armor(blob.subarray(0, -1))),
    c('another magic', () => armor(Buffer.concat([Buffer.from('SSHSIX'), blob.subarray(6)]))),
    c('padding too long', (text) => text.replace(`\n${footer}`, `=\n${footer}`)),
  ]
}

const hash = (name: string, bytes: Uint8Array): Buffer => createHash(name).update(bytes).digest()
