import { toHex } from '../../bytes/encoding.ts'
import { type Digest, readDigestAlgorithm, readSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts'
import { constructed, DerReader, INTEGER, OCTET_STRING, primitive, SEQUENCE, SET } from './der.ts'
import { nameKey } from './distinguished-name.ts'
import { X509Error } from './x509-error.ts'

/** A message of more bytes than this, or with more certificates or signers, is refused. */
export const MAX_CMS_BYTES = 262_144
export const MAX_CMS_CERTIFICATES = 16
export const MAX_CMS_SIGNERS = 16

/** Which certificate a signer says it used: issuer and serial number, or subject key id. */
export type SignerId =
  | { readonly kind: 'serial'; readonly issuer: string; readonly serial: string }
  | { readonly kind: 'key'; readonly subjectKeyId: string }

/** What a signer signed instead of the content (RFC 5652 §5.3). */
export interface SignedAttributes {
  /** The bytes under the signature: the attributes with the tag of a SET (RFC 5652 §5.4). */
  readonly covered: Uint8Array
  readonly contentType: string
  readonly messageDigest: Uint8Array
  /** Unix seconds; null when the signer gave none. */
  readonly signingTime: number | null
  /** First values of the other attributes, by type. */
  readonly others: ReadonlyMap<string, Uint8Array>
}

export interface Signer {
  readonly id: SignerId
  readonly digest: Digest
  readonly algorithm: SignatureAlgorithm
  /** Null when the signature is over the content itself. */
  readonly attributes: SignedAttributes | null
  readonly signature: Uint8Array
  /** Encoded first values of the unsigned attributes, by type: anybody may have put them there. */
  readonly unsigned: ReadonlyMap<string, Uint8Array>
  /** Whether the version fits, and every unsigned attribute is of a type that is checked. */
  readonly isExact: boolean
}

/** A SignedData message (RFC 5652 §5), nothing in it verified yet. Certificates are still encoded. */
export interface SignedMessage {
  readonly contentType: string
  /** Null when the content is detached. */
  readonly content: Uint8Array | null
  /** The digests that the message announces; null for one that is not supported. */
  readonly digests: readonly (Digest | null)[]
  readonly certificates: readonly Uint8Array[]
  readonly signers: readonly Signer[]
  /**
   * Whether every byte outside the signed ones is what the rest makes it. False where gpgsm reads on and we refuse: bytes after
   * the message, wrong versions, a list of digests that are not the signers', revocation lists, unsigned attributes of unknown type.
   */
  readonly isExact: boolean
}

export const ID_DATA = '1.2.840.113549.1.7.1'
const ID_SIGNED_DATA = '1.2.840.113549.1.7.2'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SIGNING_TIME = '1.2.840.113549.1.9.5'

/** The unsigned attributes that are proofs by themselves: a Rekor log entry, an RFC 3161 timestamp token. */
export const LOG_ENTRY = '1.3.6.1.4.1.57264.3.1'
export const TIMESTAMP_TOKEN = '1.2.840.113549.1.9.16.2.14'

/**
 * Parses a CMS message in DER, or with the indefinite lengths that gpgsm writes around its outer parts; the signer infos
 * are DER in either case. Throws {@link X509Error} `too_long`, `malformed_cms` or `unsupported_algorithm`.
 */
export function parseSignedMessage(bytes: Uint8Array, code: X509Error['code'] = 'malformed_cms'): SignedMessage {
  if (bytes.length > MAX_CMS_BYTES) throw new X509Error('too_long', `a message of ${bytes.length} bytes`)
  const outer = new DerReader(bytes, code)
  const info = outer.enterBer(SEQUENCE)
  if (info.oid() !== ID_SIGNED_DATA) info.fail('not signed data')
  const explicit = info.enterBer(constructed(0))
  info.end()
  const data = explicit.enterBer(SEQUENCE)
  explicit.end()
  const version = data.smallInteger()
  const digests = readDigests(data.enter(SET))
  const { contentType, content } = readContent(data.enterBer(SEQUENCE))
  const certificates = data.next === constructed(0) ? readCertificates(data.enterBer(constructed(0))) : []
  const hasLists = data.next === constructed(1)
  if (hasLists) data.enterBer(constructed(1))
  const infos = [...data.enterBer(SET).each(SEQUENCE)]
  data.end()
  if (infos.length > MAX_CMS_SIGNERS) data.fail(`${infos.length} signers`)
  const signers = infos.map((info) => readSigner(data.inside(info)))
  const isSimple = contentType === ID_DATA && signers.every(({ id }) => id.kind === 'serial')
  const isExact =
    outer.next === null &&
    version === (isSimple ? 1 : 3) &&
    !hasLists &&
    areDigestsOf(signers, digests) &&
    signers.every((signer) => signer.isExact)
  return { contentType, content, digests, certificates, signers, isExact }
}

function readDigests(list: DerReader): readonly (Digest | null)[] {
  const digests: (Digest | null)[] = []
  while (list.next !== null) {
    const algorithm = list.any().whole
    digests.push(orUnknown(() => readDigestAlgorithm(list.inside({ tag: SET, whole: algorithm, body: algorithm }))))
  }
  return digests
}

function orUnknown<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Error && error.code === 'unsupported_algorithm') return null
    throw error
  }
}

/** Whether a list of digest algorithms is what RFC 5652 §5.1 has it for: the digest of each signer, each once. */
function areDigestsOf(signers: readonly Signer[], listed: readonly (Digest | null)[]): boolean {
  const used = new Set<Digest | null>(signers.map(({ digest }) => digest))
  return listed.length === used.size && listed.every((digest) => used.delete(digest))
}

function readContent(reader: DerReader): Pick<SignedMessage, 'contentType' | 'content'> {
  const contentType = reader.oid()
  const explicit = reader.next === constructed(0) ? reader.enterBer(constructed(0)) : null
  reader.end()
  if (explicit === null) return { contentType, content: null }
  // Content in pieces is never verified here, only told apart from none.
  const content = explicit.next === OCTET_STRING ? explicit.octets() : explicit.rest()
  explicit.end()
  return { contentType, content }
}

function readCertificates(reader: DerReader): readonly Uint8Array[] {
  const certificates = [...reader.each(SEQUENCE)].map(({ whole }) => whole)
  if (certificates.length > MAX_CMS_CERTIFICATES) reader.fail(`${certificates.length} certificates`)
  return certificates
}

function readSigner(reader: DerReader): Signer {
  const version = reader.smallInteger()
  const id = readSignerId(reader)
  const digest = readDigestAlgorithm(reader)
  const signed = reader.optional(constructed(0))
  const algorithm = readSignatureAlgorithm(reader, digest)
  const signature = reader.octets()
  const unsignedElement = reader.optional(constructed(1))
  reader.end()
  const unsigned = unsignedElement === null ? new Map() : readAttributes(reader.inside(unsignedElement))
  return {
    id,
    digest,
    algorithm,
    attributes: signed === null ? null : readSignedAttributes(signed.whole, reader.inside(signed)),
    signature,
    unsigned,
    isExact:
      version === (id.kind === 'serial' ? 1 : 3) &&
      (unsignedElement === null || unsigned.size > 0) &&
      [...unsigned.keys()].every((type) => type === LOG_ENTRY || type === TIMESTAMP_TOKEN),
  }
}

function readSignerId(reader: DerReader): SignerId {
  const keyId = reader.optional(primitive(0))
  if (keyId !== null) return { kind: 'key', subjectKeyId: toHex(keyId.body) }
  const pair = reader.enter(SEQUENCE)
  const issuer = nameKey(pair.element(SEQUENCE).whole)
  const serial = toHex(pair.element(INTEGER).body)
  pair.end()
  return { kind: 'serial', issuer, serial }
}

function readSignedAttributes(whole: Uint8Array, reader: DerReader): SignedAttributes {
  const attributes = readAttributes(reader)
  const value = (type: string): DerReader => {
    const bytes = attributes.get(type)
    return bytes === undefined
      ? reader.fail(`no signed attribute ${type}`)
      : reader.inside({ tag: SET, whole: bytes, body: bytes })
  }
  const covered = Uint8Array.from(whole)
  covered[0] = SET
  return {
    covered,
    contentType: value(CONTENT_TYPE).oid(),
    messageDigest: value(MESSAGE_DIGEST).octets(),
    signingTime: attributes.has(SIGNING_TIME) ? value(SIGNING_TIME).time() : null,
    others: attributes,
  }
}

/** Attributes with one value each, no type twice: two message digests would be two stories. */
function readAttributes(reader: DerReader): ReadonlyMap<string, Uint8Array> {
  const attributes = new Map<string, Uint8Array>()
  for (const element of reader.each(SEQUENCE)) {
    const attribute = reader.inside(element)
    const type = attribute.oid()
    const values = attribute.enter(SET)
    attribute.end()
    if (attributes.has(type)) attribute.fail(`attribute ${type} twice`)
    const value = values.any()
    values.end()
    reader.inside({ ...value, body: value.whole }).skipNested()
    attributes.set(type, value.whole)
  }
  return attributes
}
