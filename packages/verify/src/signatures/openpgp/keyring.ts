import { type KeyPacket, readKeyPacket } from './key-packet.ts'
import { type BrokenPart, type KeyStream, readKeyStreams } from './key-streams.ts'
import { OpenPgpError, type OpenPgpErrorCode } from './openpgp-error.ts'
import { type Packet, readPacket, tags } from './packets.ts'
import { issuerKeyId, readSignaturePacket, type SignaturePacket } from './signature-packet.ts'

const MAX_PACKETS = 500_000
const MAX_SELF_SIGNATURES = 500

/** A user id or user attribute with the signatures that its own primary key made over it, none of them checked yet. */
export interface UserId {
  readonly body: Uint8Array
  readonly isText: boolean
  readonly signatures: readonly SignaturePacket[]
}

/** A subkey with the binding signatures that its primary key made over it, none of them checked yet. */
export interface Subkey {
  readonly key: KeyPacket
  readonly bindings: readonly SignaturePacket[]
}

/** One transferable public key (RFC 9580 §10.1) without third-party certifications. Nothing in it is checked yet. */
export interface Certificate {
  readonly primary: KeyPacket
  /** Direct-key signatures and revocations of the whole key, wherever they stood: a revocation must not get lost. */
  readonly direct: readonly SignaturePacket[]
  /** Revocations of subkeys, likewise; each is tried on every subkey. */
  readonly subkeyRevocations: readonly SignaturePacket[]
  /** Key revocations that other keys issued; they count only from a designated revoker. */
  readonly foreignRevocations: readonly SignaturePacket[]
  readonly userIds: readonly UserId[]
  readonly subkeys: readonly Subkey[]
}

/** A key that a signature can name: a primary key (`subkey` null) or a subkey. */
export interface Signer {
  readonly certificate: Certificate
  readonly key: KeyPacket
  readonly subkey: Subkey | null
}

/** Public keys by every name that a signature can use; the lists are in keyring order. */
export interface Keyring {
  readonly certificates: readonly Certificate[]
  readonly broken: readonly BrokenPart[]
  readonly byFingerprint: ReadonlyMap<string, readonly Signer[]>
  readonly byKeyId: ReadonlyMap<string, readonly Signer[]>
}

/**
 * Reads public keys from binary or armoured exports, any number of them one after another; copies of one key are merged.
 *
 * No signature is checked here: that happens once per key when it is first needed. What cannot be read is left out and
 * reported in `broken`; everything else is kept. Third-party certifications are dropped.
 *
 * Throws {@link OpenPgpError} `too_long` over 64 MiB and `too_many_packets` over 500,000 packets.
 */
export function readKeyring(bytes: Uint8Array): Keyring {
  const shelf: Shelf = { drafts: new Map(), broken: [], loose: [], packets: 0 }
  for (const stream of readKeyStreams(bytes, shelf.broken)) readStream(shelf, stream)
  for (const revocation of shelf.loose) attachLooseRevocation(shelf, revocation)
  const certificates: Certificate[] = []
  for (const draft of shelf.drafts.values()) {
    if (draft.selfSignatures <= MAX_SELF_SIGNATURES) certificates.push(finish(draft))
    else reportExcess(shelf, draft)
  }
  return { certificates, broken: shelf.broken, ...index(certificates) }
}

interface Shelf {
  readonly drafts: Map<string, Draft>
  readonly broken: BrokenPart[]
  readonly loose: SignaturePacket[]
  packets: number
}

interface Draft {
  readonly primary: KeyPacket
  readonly direct: SignaturePacket[]
  readonly subkeyRevocations: SignaturePacket[]
  readonly foreignRevocations: SignaturePacket[]
  readonly userIds: Map<string, { body: Uint8Array; isText: boolean; signatures: SignaturePacket[] }>
  readonly subkeys: Map<string, { key: KeyPacket; bindings: SignaturePacket[] }>
  selfSignatures: number
}

/** What the next signature packet belongs to; `skip` after a part that is not read. */
interface Place {
  draft: Draft | null
  target: 'skip' | SignaturePacket[]
}

function readStream(shelf: Shelf, stream: KeyStream): void {
  const place: Place = { draft: null, target: [] }
  for (let at = 0; at < stream.bytes.length; ) {
    if (++shelf.packets > MAX_PACKETS) {
      throw new OpenPgpError('too_many_packets', `a keyring may have at most ${MAX_PACKETS} packets`)
    }
    try {
      const packet = readPacket(stream.bytes, at)
      at = packet.end
      readPart(shelf, place, packet)
    } catch (error) {
      if (!(error instanceof OpenPgpError)) throw error
      const fingerprint = place.draft?.primary.fingerprint ?? null
      shelf.broken.push({ code: error.code, message: error.message, line: stream.line, offset: at, fingerprint })
      // Without a length there is no telling where the next packet starts.
      if (FRAMING.has(error.code)) return
    }
  }
}

const FRAMING = new Set<OpenPgpErrorCode>(['packet_header', 'packet_truncated', 'partial_length'])

function readPart(shelf: Shelf, place: Place, packet: Packet): void {
  switch (packet.tag) {
    case tags.publicKey:
      startCertificate(shelf, place, packet)
      break
    case tags.publicSubkey:
      addSubkey(place, packet)
      break
    case tags.userId:
    case tags.userAttribute:
      addUserId(place, packet)
      break
    case tags.signature:
      addSignature(shelf, place, packet)
      break
    case tags.marker:
    case tags.trust:
    case tags.padding:
      break
    case tags.secretKey:
    case tags.secretSubkey:
      place.draft = packet.tag === tags.secretKey ? null : place.draft
      place.target = 'skip'
      throw new OpenPgpError('secret_key', 'a keyring for verification must not hold secret keys')
    default:
      place.target = 'skip'
      if (packet.tag < 40) throw new OpenPgpError('unexpected_packet', `packet type ${packet.tag} in a keyring`)
  }
}

function startCertificate(shelf: Shelf, place: Place, packet: Packet): void {
  place.draft = null
  place.target = 'skip'
  const primary = readKeyPacket(packet.body)
  const draft = shelf.drafts.get(primary.fingerprint) ?? {
    primary,
    direct: [],
    subkeyRevocations: [],
    foreignRevocations: [],
    userIds: new Map(),
    subkeys: new Map(),
    selfSignatures: 0,
  }
  shelf.drafts.set(primary.fingerprint, draft)
  place.draft = draft
  place.target = draft.direct
}

function addSubkey(place: Place, packet: Packet): void {
  place.target = 'skip'
  if (place.draft === null) return
  const key = readKeyPacket(packet.body)
  const { subkeys } = place.draft
  const subkey = subkeys.get(key.fingerprint) ?? { key, bindings: [] }
  subkeys.set(key.fingerprint, subkey)
  place.target = subkey.bindings
}

function addUserId(place: Place, packet: Packet): void {
  place.target = 'skip'
  if (place.draft === null) return
  const { userIds } = place.draft
  const name = `${packet.tag} ${Buffer.from(packet.body).toString('latin1')}`
  const userId = userIds.get(name) ?? { body: packet.body, isText: packet.tag === tags.userId, signatures: [] }
  userIds.set(name, userId)
  place.target = userId.signatures
}

function addSignature(shelf: Shelf, { draft, target }: Place, packet: Packet): void {
  if (draft === null && target === 'skip') return
  const signature = readSignaturePacket(packet.body)
  if (draft === null) {
    // `gpg --generate-revocation` writes the revocation alone, without its key.
    if (signature.type === 0x20) shelf.loose.push(signature)
    else throw new OpenPgpError('unexpected_packet', 'a signature that follows no key')
    return
  }
  const shelfOf = shelfFor(draft, target, signature)
  if (!signature.hashed.exportable || shelfOf === null) return
  draft.selfSignatures++
  shelfOf.push(signature)
}

function shelfFor(draft: Draft, target: Place['target'], signature: SignaturePacket): SignaturePacket[] | null {
  if (!names(signature, draft.primary)) return signature.type === 0x20 ? draft.foreignRevocations : null
  switch (signature.type) {
    case 0x1f:
    case 0x20:
      return draft.direct
    case 0x28:
      return draft.subkeyRevocations
    default:
      return target === 'skip' ? null : target
  }
}

function names(signature: SignaturePacket, key: KeyPacket): boolean {
  return issuerKeyId(signature) === key.keyId || signature.hashed.issuerFingerprint === key.fingerprint
}

function attachLooseRevocation(shelf: Shelf, revocation: SignaturePacket): void {
  for (const draft of shelf.drafts.values()) {
    if (names(revocation, draft.primary)) draft.direct.push(revocation)
  }
}

function finish({ userIds, subkeys, ...draft }: Draft): Certificate {
  return { ...draft, userIds: [...userIds.values()], subkeys: [...subkeys.values()] }
}

function reportExcess(shelf: Shelf, { primary: { fingerprint }, selfSignatures }: Draft): void {
  const message = `${selfSignatures} signatures that claim to be the key's own, over the limit of ${MAX_SELF_SIGNATURES}`
  shelf.broken.push({ code: 'too_many_signatures', message, line: null, offset: 0, fingerprint })
}

function index(certificates: readonly Certificate[]): Pick<Keyring, 'byFingerprint' | 'byKeyId'> {
  const byFingerprint = new Map<string, Signer[]>()
  const byKeyId = new Map<string, Signer[]>()
  for (const certificate of certificates) {
    const signers: Signer[] = [{ certificate, key: certificate.primary, subkey: null }]
    for (const subkey of certificate.subkeys) signers.push({ certificate, key: subkey.key, subkey })
    for (const signer of signers) {
      append(byFingerprint, signer.key.fingerprint, signer)
      append(byKeyId, signer.key.keyId, signer)
    }
  }
  return { byFingerprint, byKeyId }
}

function append(map: Map<string, Signer[]>, name: string, signer: Signer): void {
  const list = map.get(name)
  if (list === undefined) map.set(name, [signer])
  else list.push(signer)
}
