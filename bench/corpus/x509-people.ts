import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signer } from './draft.ts'

/** Everybody who signs with a certificate, made by the `openssl` program in a folder of its own. */
export interface X509People {
  readonly good: readonly Signer[]
  readonly odd: readonly Signer[]
  /** The roots to trust, PEM. */
  readonly roots: string
}

interface Issued {
  readonly certificate: string
  readonly key: string
}

interface IssueTerms {
  readonly issuer?: Issued
  readonly extensions: string
  readonly from?: string
  readonly until?: string
  readonly algorithm?: readonly string[]
  readonly subject?: string
}

const CA = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
const PLAIN_LEAF = 'basicConstraints=CA:FALSE\nsubjectAltName=email:dev0@example.com\n'
const LEAF = `${PLAIN_LEAF}keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n`
const RSA = ['rsa:2048']
const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
const P384 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']

export function x509People(folder: string): X509People {
  mkdirSync(folder, { recursive: true })
  const issue = openIssuingDesk(folder)
  const root = issue('root', { extensions: CA })
  const expiredRoot = issue('expired-root', { extensions: CA, from: '20150101000000Z', until: '20200101000000Z' })
  const leaf = issue('leaf', { issuer: root, extensions: LEAF })
  const p384 = issue('leaf-p384', { issuer: root, extensions: LEAF, algorithm: P384 })
  const p256 = issue('leaf-p256', { issuer: root, extensions: LEAF, algorithm: P256 })
  const intermediate = issue('intermediate', { issuer: root, extensions: CA })
  const below = issue('leaf-below', { issuer: intermediate, extensions: LEAF })
  const sign: Sign = (name, who, args = [], chain = []) => cmsSigner(folder, `x509-${name}`, who, args, chain)
  const good = [
    sign('rsa', leaf),
    sign('rsa-with-root', leaf, [], [root]),
    sign('ecdsa256', p256),
    sign('ecdsa384', p384, ['-md', 'sha384']),
    sign('intermediate', below, [], [intermediate]),
  ]
  const desk = { issue, sign, root, expiredRoot, leaf }
  const odd = [...oddChains(desk), ...oddLeaves(desk), ...oddMessages(desk), sign('ecdsa384-digest-sha256', p384)]
  return { good, odd, roots: [root, expiredRoot].map(({ certificate }) => readFileSync(certificate, 'utf8')).join('') }
}

type Issue = (name: string, terms: IssueTerms) => Issued
type Sign = (name: string, who: Issued, args?: readonly string[], chain?: readonly Issued[]) => Signer

interface Desk {
  readonly issue: Issue
  readonly sign: Sign
  readonly root: Issued
  readonly expiredRoot: Issued
  readonly leaf: Issued
}

/** Chains that do not end, or not well, in a trusted root. */
function oddChains({ issue, sign, root, expiredRoot }: Desk): Signer[] {
  const authority = (name: string, terms: Partial<IssueTerms> = {}) => issue(name, { extensions: CA, ...terms })
  const leaf = (name: string, issuer: Issued) => issue(name, { issuer, extensions: LEAF })
  const untrusted = authority('untrusted-root')
  const notCa = issue('not-an-authority', { issuer: root, extensions: LEAF })
  return [
    sign('untrusted-root', leaf('leaf-untrusted', untrusted), [], [untrusted]),
    sign('untrusted-root-absent', leaf('leaf-rootless', authority('absent-root'))),
    sign('self-signed', issue('self-signed', { extensions: LEAF })),
    sign('expired-root', leaf('leaf-expired-root', expiredRoot), [], [expiredRoot]),
    sign('intermediate-missing', leaf('leaf-orphan', authority('hidden-intermediate', { issuer: root }))),
    sign('issuer-not-an-authority', leaf('leaf-false', notCa), [], [notCa]),
  ]
}

/** Leaves below the trusted root with a time, a purpose or an extension that may not do. */
function oddLeaves({ issue, sign, root }: Desk): Signer[] {
  const rows: readonly [name: string, terms: Partial<IssueTerms>][] = [
    ['expired-leaf', { from: '20200101000000Z', until: '20210101000000Z' }],
    ['future-leaf', { from: '20400101000000Z', until: '20450101000000Z' }],
    ['no-usages', { extensions: PLAIN_LEAF }],
    ['usage-encipherment', { extensions: `${PLAIN_LEAF}keyUsage=critical,keyEncipherment\n` }],
    ['usage-non-repudiation', { extensions: `${PLAIN_LEAF}keyUsage=critical,nonRepudiation\n` }],
    ['purpose-server', { extensions: `${PLAIN_LEAF}extendedKeyUsage=serverAuth\n` }],
    ['purpose-code-signing', { extensions: `${PLAIN_LEAF}extendedKeyUsage=codeSigning\n` }],
    ['unknown-critical-extension', { extensions: `${LEAF}1.2.3.4=critical,ASN1:UTF8String:x\n` }],
    ['subject-not-ascii', { subject: '/CN=Jörg Müller/O=A, B \\+ C/emailAddress=j@example.com' }],
  ]
  return rows.map(([name, terms]) => sign(name, issue(`leaf-${name}`, { issuer: root, extensions: LEAF, ...terms })))
}

/** CMS messages with something unusual about them, by leaves that are in order. */
function oddMessages({ issue, sign, root, leaf }: Desk): Signer[] {
  const identified = issue('leaf-skid', { issuer: root, extensions: `${LEAF}subjectKeyIdentifier=hash\n` })
  const second = issue('leaf-second', { issuer: root, extensions: LEAF })
  return [
    ...['sha1', 'sha384', 'sha512', 'md5'].map((digest) => sign(`digest-${digest}`, leaf, ['-md', digest])),
    sign('rsa-pss', leaf, ['-keyopt', 'rsa_padding_mode:pss']),
    sign('no-attributes', leaf, ['-noattr']),
    sign('by-subject-key-id', identified, ['-keyid']),
    sign('own-text-inside', leaf, ['-nodetach']),
    sign('certificate-absent', issue('leaf-absent', { issuer: root, extensions: LEAF }), ['-nocerts']),
    sign('two-signers', leaf, ['-signer', second.certificate, '-inkey', second.key]),
  ]
}

/** Issues certificates with `openssl ca`, the one command that takes exact validity dates. */
function openIssuingDesk(folder: string): Issue {
  const at = (name: string) => join(folder, name)
  writeFileSync(at('serial'), '1000\n')
  return (name, terms) => {
    const { issuer, extensions, from = '20200101000000Z', until = '20450101000000Z', algorithm = RSA } = terms
    const made = { certificate: at(`${name}.pem`), key: at(`${name}.key`) }
    writeFileSync(at(`${name}.cnf`), issuingConfig(folder, extensions))
    writeFileSync(at('index.txt'), '')
    writeFileSync(at('index.txt.attr'), 'unique_subject = no\n')
    const subject = terms.subject ?? `/CN=${name}/O=Countersign bench/emailAddress=dev0@example.com`
    const config = ['-config', at(`${name}.cnf`)]
    const request = ['-newkey', ...algorithm, '-nodes', '-keyout', made.key, '-out', at('request.pem')]
    openssl(['req', '-new', '-utf8', ...config, ...request, '-subj', subject])
    const by =
      issuer === undefined ? ['-selfsign', '-keyfile', made.key] : ['-cert', issuer.certificate, '-keyfile', issuer.key]
    const dates = ['-startdate', from, '-enddate', until]
    openssl(['ca', '-batch', '-notext', ...config, ...by, ...dates, '-in', at('request.pem'), '-out', made.certificate])
    return made
  }
}

function issuingConfig(folder: string, extensions: string): string {
  return [
    '[req]\ndistinguished_name=dn\n[dn]\n[ca]\ndefault_ca=desk\n[desk]',
    `database=${join(folder, 'index.txt')}\nserial=${join(folder, 'serial')}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=any`,
    'preserve=yes\nx509_extensions=ext\n[any]\ncommonName=optional\norganizationName=optional\nemailAddress=optional\n[ext]',
    extensions,
  ].join('\n')
}

function cmsSigner(
  folder: string,
  name: string,
  who: Issued,
  args: readonly string[],
  chain: readonly Issued[],
): Signer {
  const extra = join(folder, `${name}.chain.pem`)
  writeFileSync(extra, chain.map(({ certificate }) => readFileSync(certificate, 'utf8')).join(''))
  const certificates = chain.length === 0 ? [] : ['-certfile', extra]
  const digest = args.includes('-md') ? [] : ['-md', 'sha256']
  const command = ['cms', '-sign', '-binary', '-outform', 'DER', '-signer', who.certificate, '-inkey', who.key]
  return {
    name,
    sign: (payload) => cmsArmor(openssl([...command, ...digest, ...certificates, ...args], payload)),
  }
}

/** The armour that smimesign and gpgsm write. */
function cmsArmor(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN SIGNED MESSAGE-----\n${lines}\n-----END SIGNED MESSAGE-----`
}

function openssl(args: readonly string[], input?: Buffer): Buffer {
  return execFileSync('openssl', args, { stdio: 'pipe', ...(input !== undefined && { input }) })
}
