import { ByteReader } from '../../bytes/byte-reader.ts'
import { equalBytes, latin1 } from '../../bytes/encoding.ts'
import { readCertificate, type SshCertificate } from './ssh-certificate.ts'
import { SshError, withSshErrors } from './ssh-error.ts'
import { readPublicKey, type SshPublicKey, sshTypeInBlob, sshTypeInText } from './ssh-public-key.ts'
import { decodeBase64, readCString } from './ssh-wire.ts'

/** A public key, alone or inside a certificate. */
export interface SshKey {
  /** The plain key's id, or all bytes of the certificate: equal for what OpenSSH calls equal. */
  readonly id: string
  readonly plain: SshPublicKey
  readonly certificate: SshCertificate | null
  /** Whether the bytes read were the key's one spelling. Of a certificate the certificate authority's signature covers them. */
  readonly canonical: boolean
}

/** A key in the form of `.pub` files, and what followed it. */
export interface SshKeyText {
  readonly key: SshKey
  readonly comment: string
}

const MAX_BLOB_BYTES = 256 * 1024

/**
 * Parses an SSH public key or certificate (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, PROTOCOL.u2f, PROTOCOL.certkeys).
 * A certificate's signature has been checked when this returns, as in OpenSSH; who may sign is the caller's question.
 * Throws {@link SshError}.
 */
export function parseSshKey(blob: Uint8Array): SshKey {
  if (blob.length > MAX_BLOB_BYTES) throw new SshError('too_large', `a key of ${blob.length} bytes`)
  return withSshErrors(() => {
    const reader = new ByteReader(blob)
    const { type, certificate: isCertificate } = sshTypeInBlob(readCString(reader))
    if (isCertificate) reader.sshString()
    const plain = readPublicKey(reader, type)
    if (isCertificate) {
      const certificate = readCertificate(reader, blob, parseAuthority)
      return { id: latin1(blob), plain, certificate, canonical: true }
    }
    reader.end()
    return { id: plain.id, plain, certificate: null, canonical: equalBytes(plain.blob, blob) }
  })
}

/** Parses `type base64 [comment]`. Throws {@link SshError}; `missing_key` when there are no two words. */
export function parseSshKeyText(text: string): SshKeyText {
  const [, typeName, word, comment] = /^([^ \t]+)[ \t]+([^ \t]+)[ \t]*(.*)$/s.exec(text) ?? []
  if (typeName === undefined || word === undefined) throw new SshError('missing_key', 'no key type and base64')
  const type = sshTypeInText(typeName)
  if (type === null) {
    throw new SshError('unsupported_key_type', `keys of type ${JSON.stringify(typeName.slice(0, 64))}`)
  }
  const key = parseSshKey(decodeBase64(word))
  if (key.plain.type !== type.type || (key.certificate !== null) !== type.certificate) {
    throw new SshError('key_type_mismatch', `a key that is not ${typeName}`)
  }
  return { key, comment: comment ?? '' }
}

function parseAuthority(blob: Uint8Array): SshPublicKey {
  const reader = new ByteReader(blob)
  const { type, certificate } = sshTypeInBlob(readCString(reader))
  if (certificate) throw new SshError('bad_certificate_authority', 'a certificate signed by a certificate')
  const key = readPublicKey(reader, type)
  reader.end()
  return key
}
