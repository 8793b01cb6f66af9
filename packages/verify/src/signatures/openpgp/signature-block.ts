import { decodeArmorLikeGpg, readArmorBlock } from './armor.ts'
import { OpenPgpError, type OpenPgpErrorCode } from './openpgp-error.ts'
import { readHeader, tagOf, tags } from './packets.ts'
import { readSignaturePacket, type SignaturePacket } from './signature-packet.ts'
import { readSubpackets } from './subpackets.ts'

const MAX_ARMOR_BYTES = 256 * 1024
const MAX_PACKETS = 64

/** The signatures of one armour as we read it, and those that gpg 2.2 gets to see. */
export interface SignatureBlock {
  readonly signatures: readonly SignaturePacket[]
  readonly seenByGpg: readonly SignaturePacket[]
  /** The first thing in armour or framing that the format forbids; null when there is none. */
  readonly flaw: OpenPgpErrorCode | null
}

/**
 * Reads the armour of a detached signature. Never throws: what is wrong is named in `flaw`, and the signatures that gpg
 * would still find are returned with it, because git's letter depends on them.
 */
export function readSignatureBlock(armor: Uint8Array): SignatureBlock {
  if (armor.length > MAX_ARMOR_BYTES) return { signatures: [], seenByGpg: [], flaw: 'too_long' }
  const text = Buffer.from(armor.buffer, armor.byteOffset, armor.length).toString('latin1')
  try {
    const block = readArmorBlock(text)
    if (block.label === 'PUBLIC KEY BLOCK') throw new OpenPgpError('armor_begin', 'the armour holds keys')
    if (text.slice(block.end).trim() !== '') throw new OpenPgpError('armor_end', 'text follows the armour')
    return readSignatures(block.bytes, null)
  } catch (error) {
    if (!(error instanceof OpenPgpError)) throw error
    return readSignatures(decodeArmorLikeGpg(text), error.code)
  }
}

// At these gpg stops reading; what came before still counts.
const GPG_STOPS_AT = new Set([1, 3, 5, 6, 9, 13, 18, 20])
const LITERAL = 11
// One-pass and literal packets make it a message instead of a detached signature.
const GPG_REFUSES = new Set([4, LITERAL])

interface Draft {
  readonly signatures: SignaturePacket[]
  readonly seenByGpg: SignaturePacket[]
  flaw: OpenPgpErrorCode | null
  gpgReads: boolean
}

function readSignatures(bytes: Uint8Array, armorFlaw: OpenPgpErrorCode | null): SignatureBlock {
  const draft: Draft = { signatures: [], seenByGpg: [], flaw: armorFlaw, gpgReads: true }
  let packets = 0
  for (let at = 0; at < bytes.length; ) {
    try {
      if (++packets > MAX_PACKETS) throw new OpenPgpError('too_many_packets', `more than ${MAX_PACKETS} packets`)
      const { tag, start, end } = readHeader(bytes, at)
      // gpg reads a signature whose packet claims more bytes than there are, as long as the signature itself is whole.
      if (end > bytes.length) draft.flaw ??= 'packet_truncated'
      if (tag === tags.signature) addSignature(draft, bytes.subarray(start, end), end - start)
      else addOther(draft, tag)
      at = end
    } catch (error) {
      if (!(error instanceof OpenPgpError)) throw error
      draft.flaw ??= error.code
      // A literal packet alone may come without its length, and makes it a message as any other does.
      if (error.code === 'partial_length' && tagOf(bytes[at] ?? 0) === LITERAL) addOther(draft, LITERAL)
      break
    }
  }
  return draft
}

function addSignature(draft: Draft, body: Uint8Array, claimedLength: number): void {
  if (claimedLength < 16) {
    if (draft.gpgReads) draft.seenByGpg.push(EMPTY_SIGNATURE)
    draft.flaw ??= 'signature_packet'
    return
  }
  const signature = readSignaturePacket(body)
  draft.signatures.push(signature)
  if (signature.version === 6) draft.gpgReads = false
  if (draft.gpgReads) draft.seenByGpg.push(signature)
}

function addOther(draft: Draft, tag: number): void {
  if (tag === tags.marker || tag === tags.padding) return
  draft.flaw ??= 'unexpected_packet'
  if (GPG_STOPS_AT.has(tag)) draft.gpgReads = false
  if (!GPG_REFUSES.has(tag) || !draft.gpgReads) return
  draft.gpgReads = false
  draft.seenByGpg.length = 0
}

/** What gpg makes of a signature packet under 16 bytes: one that says nothing. */
const EMPTY_SIGNATURE: SignaturePacket = {
  version: 4,
  type: 0,
  algorithm: 0,
  hash: 0,
  createdAt: null,
  hashed: readSubpackets(new Uint8Array()),
  unhashed: readSubpackets(new Uint8Array()),
  salt: new Uint8Array(),
  trailer: new Uint8Array(),
  digestPrefix: new Uint8Array(2),
  values: [],
  flaw: 'signature_packet',
}
