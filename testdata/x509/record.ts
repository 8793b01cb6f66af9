/**
 * Makes `vectors.json`: signatures by openssl and gpgsm, and by `issue.ts` what those refuse to make, each with git's answer.
 * Run: node testdata/x509/record.ts
 */
import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askGit, openGpgsm } from './gpgsm.ts'
import * as x from './issue.ts'
import {
  acme,
  ann,
  authority,
  DAY,
  intermediate,
  issue,
  other,
  type Party,
  payload,
  request,
  root,
  SIGNED,
  sign,
  type Wish,
  YEAR,
} from './parties.ts'

const now = Math.floor(Date.now() / 1000)
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')
const folder = mkdtempSync(join(tmpdir(), 'record-'))

interface Case {
  readonly name: string
  readonly producer: string
  readonly armor: string
  readonly roots: readonly Party[]
  readonly others: readonly Party[]
  readonly status: string
  readonly reason: string
}
const cases: Case[] = []

/** Adds a case; `expected` is our own answer as `status reason`. */
function add(
  name: string,
  armor: string,
  expected: string,
  trust: Partial<Pick<Case, 'roots' | 'others' | 'producer'>> = {},
) {
  const [status = '', reason = ''] = expected.split(' ')
  cases.push({ name, producer: 'issue.ts', armor, roots: [root], others: [], ...trust, status, reason })
}

/** Adds a case whose signer's certificate is as wished, below the intermediate. */
function addLeaf(name: string, wish: Wish, expected: string, changes: Partial<x.SignCms> = {}): void {
  const leaf = issue({ issuer: intermediate, ...wish })
  add(name, sign(leaf, [leaf, intermediate], changes), expected)
}

/** Adds a case below an authority of its own. */
function addBelow(name: string, authorities: readonly Party[], expected: string): void {
  const [issuer] = authorities
  const leaf = issue(issuer === undefined ? {} : { issuer })
  add(name, sign(leaf, [leaf, ...authorities]), expected)
}

const leaf = issue({ issuer: intermediate })
const bob = issue({ issuer: intermediate, subject: acme('Bob') })
const good = sign(leaf, [leaf, intermediate])

function addProgramCases(): void {
  const pem = (label: string, der: Uint8Array): string => x.armor(der, label)
  for (const algorithm of ['rsa', 'p256', 'p384'] as const) {
    const signer = issue({ issuer: intermediate, algorithm })
    const key = join(folder, `${algorithm}.key`)
    const certificate = join(folder, `${algorithm}.pem`)
    const chain = join(folder, 'chain.pem')
    const input = join(folder, 'payload')
    writeFileSync(key, signer.by.key.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(certificate, pem('CERTIFICATE', signer.der))
    writeFileSync(chain, pem('CERTIFICATE', intermediate.der))
    writeFileSync(input, payload)
    const openssl = (name: string, ...options: readonly string[]): void => {
      const base = ['cms', '-sign', '-binary', '-in', input, '-outform', 'DER', '-signer', certificate, '-inkey', key]
      const der = execFileSync('openssl', [...base, '-certfile', chain, ...options])
      const reason = name.includes('key id') || name.includes('PSS') ? 'verified_unlike_gpgsm' : 'verified'
      add(`openssl ${algorithm}${name}`, x.armor(der), `good ${reason}`, { producer: 'openssl cms -sign' })
    }
    const digest = algorithm === 'p384' ? 'sha384' : 'sha256'
    openssl('', '-md', digest)
    openssl(' without signed attributes', '-md', digest, '-noattr')
    openssl(' by key id', '-md', digest, '-keyid')
    if (algorithm !== 'rsa') continue
    openssl(' sha512', '-md', 'sha512')
    openssl(' PSS with the longest salt', '-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss')
    const p12 = join(folder, 'rsa.p12')
    const files = ['-inkey', key, '-in', certificate, '-certfile', chain, '-out', p12]
    execFileSync('openssl', ['pkcs12', '-export', '-legacy', ...files, '-passout', 'pass:x'])
    const home = openGpgsm([root.der], [intermediate.der])
    const loopback = ['--batch', '--passphrase-fd', '0', '--pinentry-mode', 'loopback']
    home.run('gpgsm', [...loopback, '--import', p12], 'x')
    const user = `0x${createHash('sha1').update(signer.der).digest('hex')}`
    for (const include of ['-2', '1', '0']) {
      const options = [...loopback, '--include-certs', include, '-u', user, '-bsa', input]
      const armor = home.run('gpgsm', options, 'x').toString()
      const trust = {
        producer: 'gpgsm',
        others: include === '0' ? [signer, intermediate] : include === '1' ? [intermediate] : [],
      }
      add(`gpgsm rsa with certificates ${include}`, armor, 'good verified', trust)
    }
    home.close()
  }
}

function addMessageCases(): void {
  const two = [leaf, bob].map((party) => x.signSignerInfo(request(party, [])).signerInfo)
  const wrap = (signers: readonly Uint8Array[]): string =>
    x.armor(x.wrapSignedData(request(leaf, [leaf, bob, intermediate]), signers))
  const bad = x.signSignerInfo(request(bob, [], { digest: Buffer.alloc(32) })).signerInfo
  add('a good signature', good, 'good verified')
  add('the root sent along', sign(leaf, [leaf, intermediate, root]), 'good verified')
  add('no signed attributes', sign(leaf, [leaf, intermediate], { signedAttributes: null }), 'good verified')
  add('a certificate that the verifier has', sign(leaf, []), 'good verified', { others: [leaf, intermediate] })
  add('an intermediate that the verifier has', sign(leaf, [leaf]), 'good verified', { others: [intermediate] })
  add(
    'a digest of something else',
    sign(leaf, [leaf, intermediate], { digest: Buffer.alloc(32, 1) }),
    'bad digest_mismatch',
  )
  const elsewhere = { signedAttributes: null, payload: Buffer.from('elsewhere') }
  add('a signature over something else', sign(leaf, [leaf, intermediate], elsewhere), 'bad signature_mismatch')
  add("another's certificate", sign({ ...leaf, by: bob.by }, [leaf, intermediate]), 'bad signature_mismatch')
  add("another's certificate, untrusted", sign({ ...leaf, by: bob.by }, [leaf]), 'bad signature_mismatch', {
    roots: [],
  })
  add('no certificate', sign(leaf, []), 'unverifiable certificate_absent')
  add('the content inside', sign(leaf, [leaf, intermediate], { attached: true }), 'malformed not_detached')
  add(
    'another content type',
    sign(leaf, [leaf], { contentType: '1.2.840.113549.1.7.3' }),
    'malformed wrong_content_type',
  )
  const plainType = x.seq(x.oid('1.2.840.113549.1.9.3'), x.set(x.oid('1.2.3.4')))
  const untyped = [plainType, ...x.defaultAttributes(request(leaf, [])).slice(1)]
  add(
    'attributes about another content',
    sign(leaf, [leaf, intermediate], { signedAttributes: untyped }),
    'malformed wrong_content_type',
  )
  add('no signer', wrap([]), 'malformed no_signer')
  add('two signers', wrap(two), 'unverifiable several_signers')
  add('two signers, one bad', wrap([...two.slice(0, 1), bad]), 'unverifiable several_signers')
  const unknown = x.seq(x.oid('1.2.3.4'))
  const unsupported = 'unverifiable unsupported_algorithm'
  add('an unknown digest', sign(leaf, [leaf, intermediate], { digestAlgorithm: unknown }), unsupported)
  add('an unknown signature algorithm', sign(leaf, [leaf, intermediate], { signatureAlgorithm: unknown }), unsupported)
  const sha1 = { digestAlgorithm: x.seq(x.oid('1.3.14.3.2.26')), digest: createHash('sha1').update(payload).digest() }
  const rsaSha1 = { ...sha1, signatureAlgorithm: x.seq(x.oid('1.2.840.113549.1.1.1'), x.nil) }
  add('a digest in SHA-1 beside SHA-256', sign(leaf, [leaf, intermediate], sha1), 'unverifiable weak_algorithm')
  add('a wrong signature in SHA-1', sign(leaf, [leaf, intermediate], rsaSha1), 'bad signature_mismatch')
}

/** Messages whose unsigned parts say what they must not, and a digest that nobody should use. */
function addInexactCases(): void {
  const type = x.seq(x.oid('1.2.3.4'), x.set(x.nil))
  const inexact = 'malformed malformed_cms'
  add(
    'an unsigned attribute of unknown type',
    sign(leaf, [leaf, intermediate], { unsignedAttributes: [type] }),
    inexact,
  )
  const edited = (from: string, to: string): string => {
    const parts = Buffer.from(x.signCms(request(leaf, [leaf, intermediate])))
      .toString('hex')
      .split(from)
    if (parts.length !== 2) throw new Error(`${from} is there ${parts.length - 1} times`)
    return x.armor(Buffer.from(parts.join(to), 'hex'))
  }
  add('the version of another kind of message', edited('020101310d300b', '020103310d300b'), inexact)
  add('a list of another digest', edited('310d300b0609608648016503040201', '310d300b0609608648016503040202'), inexact)
  add('a list of digests with a constructed type', edited('310d300b06096086', '310d300b26096086'), inexact)
  const md5 = {
    digestAlgorithm: x.seq(x.oid('1.2.840.113549.2.5'), x.nil),
    digest: createHash('md5').update(payload).digest(),
  }
  add('a digest in MD5 beside SHA-256', sign(leaf, [leaf, intermediate], md5), 'unverifiable weak_algorithm')
}

function addArmorCases(): void {
  const end = '-----END SIGNED MESSAGE-----\n'
  const wrapped = (text: string): string => `-----BEGIN SIGNED MESSAGE-----\n${text}\n${end}`
  add('a message cut short', `${good.slice(0, 600)}\n${end}`, 'malformed malformed_cms')
  add('an armour cut short', `${good.slice(0, 600)}\n`, 'malformed malformed_cms')
  add('no end line', good.replace(end, ''), 'malformed malformed_armor')
  add('text after the end', `${good}more\n`, 'malformed malformed_armor')
  const trailing = Buffer.concat([x.signCms(request(leaf, [leaf, intermediate])), x.nil])
  add('bytes after the message', x.armor(trailing), 'malformed malformed_cms')
  add('garbage', wrapped('AAAA'), 'malformed malformed_cms')
  const oddly = (name: string, change: (text: string) => string): void =>
    add(name, change(good), 'malformed malformed_armor')
  oddly('carriage returns', (text) => text.replaceAll('\n', '\r\n'))
  oddly('text behind the begin line', (text) => text.replace('-----\n', '-----x\n'))
  oddly('spaces at the ends of lines', (text) => text.replaceAll('\n', ' \n'))
  oddly('letters outside the alphabet', (text) => text.replace('\nMI', '\nM*-_I'))
  add('the URL alphabet', good.replaceAll('+', '-').replaceAll(/(?<!-)\//g, '_'), 'malformed malformed_cms')
  add('no base64', wrapped('!!!!'), 'malformed malformed_cms')
  add('nothing', wrapped(''), 'malformed malformed_cms')
}

function addCertificateCases(): void {
  const none = { signingTime: undefined } as unknown as Partial<x.SignCms>
  addLeaf('expired since', { notAfter: SIGNED + DAY }, 'expired_key certificate_expired')
  addLeaf('expired since, no signing time', { notAfter: SIGNED + DAY }, 'expired_key certificate_expired', none)
  addLeaf('expired before signing', { notAfter: SIGNED - DAY }, 'expired_key certificate_expired')
  addLeaf('not yet valid at signing', { notBefore: SIGNED + DAY }, 'untrusted certificate_not_yet_valid')
  addLeaf('not yet valid', { notBefore: now + 20 * YEAR }, 'untrusted certificate_not_yet_valid')
  const usage = 'untrusted wrong_key_usage'
  const extended = 'untrusted wrong_extended_key_usage'
  addLeaf('encryption only', { extensions: [x.keyUsage(2), ann] }, usage)
  addLeaf('expired, encryption only', { extensions: [x.keyUsage(2), ann], notAfter: SIGNED + DAY }, usage)
  addLeaf('non-repudiation only', { extensions: [x.keyUsage(1), ann] }, 'good verified')
  addLeaf('no key usage', { extensions: [ann] }, 'good verified')
  addLeaf('no name but the subject', { extensions: [x.keyUsage(0)] }, 'good verified')
  addLeaf('code signing', { extensions: [x.extendedKeyUsage('1.3.6.1.5.5.7.3.3')] }, 'good verified')
  addLeaf('any purpose', { extensions: [x.extendedKeyUsage('2.5.29.37.0')] }, 'good verified')
  addLeaf('server authentication only', { extensions: [x.extendedKeyUsage('1.3.6.1.5.5.7.3.1')] }, extended)
  addLeaf('time stamping only', { extensions: [x.extendedKeyUsage('1.3.6.1.5.5.7.3.8')] }, extended)
  const critical = { id: '1.2.3.4', critical: true, value: x.nil }
  addLeaf('an unknown critical extension', { extensions: [critical] }, 'untrusted critical_extension_unknown')
  addLeaf('a certificate of a P-256 key', { algorithm: 'p256' }, 'good verified')
  addLeaf('a certificate of an Ed25519 key', { algorithm: 'ed25519' }, 'good verified_unlike_gpgsm')
  addLeaf('RSASSA-PSS', { algorithm: 'rsa-pss' }, 'good verified')
  const parts = [
    ['C', 'DE'],
    ['O', 'Ünï, Co'],
    ['OU', 'a'],
    ['OU', 'b'],
    ['EMAIL', 'a@b.c'],
    ['CN', '100% Ann/A\\B'],
  ] as const
  addLeaf('a subject with everything', { subject: x.name(parts) }, 'good verified')
  addLeaf('an empty subject', { subject: x.seq() }, 'good verified_unlike_gpgsm')
  const onCurve = (curve: string): x.Signer => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
    return { algorithm: 'p256', key: privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) }
  }
  addLeaf('a key on secp256k1', { by: onCurve('secp256k1') }, 'good verified')
  addLeaf('a key on brainpoolP256r1', { by: onCurve('brainpoolP256r1') }, 'good verified')
  const ed448 = generateKeyPairSync('ed448').publicKey.export({ type: 'spki', format: 'der' })
  addLeaf('an Ed448 key', { by: { ...bob.by, spki: ed448 } }, 'unverifiable unsupported_key')
  addLeaf('signed by another key than the issuer', { signedBy: bob.by }, 'untrusted issuer_signature_invalid')
}

function addPathCases(): void {
  add('an untrusted root', sign(leaf, [leaf, intermediate, root]), 'untrusted root_untrusted', { roots: [other] })
  add('no root', sign(leaf, [leaf, intermediate]), 'untrusted issuer_absent', { roots: [other] })
  add('no intermediate', sign(leaf, [leaf]), 'untrusted issuer_absent')
  addBelow('directly below the root', [root], 'good verified')
  const plain = issue({ issuer: root, subject: acme('No CA'), extensions: [x.basicConstraints(false)] })
  addBelow('issued by no authority', [plain], 'untrusted issuer_not_authority')
  const unfit = { issuer: root, extensions: [x.basicConstraints(true), x.keyUsage(0)] }
  addBelow('an authority that may not issue', [authority('Unfit', unfit)], 'untrusted issuer_key_usage')
  const short = authority('Short', { issuer: root }, 0)
  addBelow('a path longer than allowed', [authority('Sub', { issuer: short }), short], 'untrusted path_too_long')
  const old = authority('Old', { issuer: root, notAfter: SIGNED + DAY })
  addBelow('an intermediate expired since', [old], 'expired_key certificate_expired')
  const expired = { issuer: old, notAfter: SIGNED + DAY }
  const late = issue(expired)
  add('expired below an untrusted root', sign(late, [late, old, root]), 'untrusted root_untrusted', { roots: [other] })
  const oldRoot = authority('Old Root', { notAfter: SIGNED + DAY })
  const below = issue({ issuer: oldRoot })
  add('a root expired since', sign(below, [below]), 'expired_key certificate_expired', { roots: [oldRoot] })
  const alone = issue({ subject: acme('Alone') })
  add('self-signed and untrusted', sign(alone, [alone]), 'untrusted root_untrusted')
  add('self-signed and trusted', sign(alone, [alone]), 'good verified', { roots: [alone] })
}

/** A signature with a certificate of ten minutes and an RFC 3161 token over it, made by `openssl ts` now. */
function stamp(name: string, wish: Wish) {
  const tsaRoot = authority('Time Root')
  const purpose = { ...x.extendedKeyUsage('1.3.6.1.5.5.7.3.8'), critical: true }
  const tsa = issue({ issuer: tsaRoot, subject: acme('Time'), extensions: [x.keyUsage(0), purpose], ...wish })
  const short = issue({ issuer: intermediate, algorithm: 'p256', notBefore: now - 60, notAfter: now + 540 })
  const file = (kind: string): string => join(folder, `${name}.${kind}`)
  writeFileSync(file('key'), tsa.by.key.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(file('pem'), x.armor(tsa.der, 'CERTIFICATE'))
  writeFileSync(file('serial'), '01')
  const config = `[tsa]\ndefault_tsa = t\n[t]\nserial = ${file('serial')}\ndefault_policy = 1.2.3.4\ndigests = sha256\nsigner_digest = sha256\n`
  writeFileSync(file('cnf'), `${config}ess_cert_id_alg = sha256\n`)
  const openssl = (...args: readonly string[]): Buffer => execFileSync('openssl', ['ts', ...args])
  const { signerInfo } = x.signSignerInfo(request(short, [], { signingTime: now }), ({ signature }) => {
    writeFileSync(file('signature'), signature)
    openssl('-query', '-data', file('signature'), '-sha256', '-cert', '-out', file('query'))
    const signer = ['-signer', file('pem'), '-inkey', file('key'), '-config', file('cnf')]
    openssl('-reply', '-queryfile', file('query'), ...signer, '-token_out', '-out', file('token'))
    return [x.seq(x.oid('1.2.840.113549.1.9.16.2.14'), x.set(readFileSync(file('token'))))]
  })
  const message = x.wrapSignedData(request(short, [short, intermediate]), [signerInfo])
  return { root: base64(root.der), timestampRoot: base64(tsaRoot.der), armor: x.armor(message) }
}

addProgramCases()
addMessageCases()
addInexactCases()
addArmorCases()
addCertificateCases()
addPathCases()
const rows = cases.map(({ roots, others, armor, ...rest }) => {
  const home = openGpgsm(
    roots.map(({ der }) => der),
    others.map(({ der }) => der),
  )
  const answer = askGit(home, payload, armor)
  home.close()
  return {
    ...rest,
    armor,
    roots: roots.map(({ der }) => base64(der)),
    others: others.map(({ der }) => base64(der)),
    ...answer,
  }
})
writeFileSync(
  new URL('vectors.json', import.meta.url),
  `${JSON.stringify({ recordedAt: now, signedAt: SIGNED, payload, timestamp: stamp('tsa', {}), cases: rows }, null, 1)}\n`,
)
rmSync(folder, { recursive: true })
