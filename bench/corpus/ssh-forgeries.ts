import { ecdsaSshKey, ed25519SshKey, rsaSshKey, type SshKey, skEd25519SshKey } from '../signers/ssh-keys.ts'
import { sshString } from '../signers/ssh-wire.ts'
import { type SshsigOptions, sshArmor, sshsigBlob } from '../signers/sshsig.ts'
import type { Signer } from './draft.ts'
import { namedRsaKey } from './rsa-keys.ts'

/** Adds a line to the allowed signers. */
export type Allow = (who: string, key: SshKey, options?: string) => void

/** Edits the fields of an inner signature: its format and the strings or bytes that follow. */
type Edit = (format: string, value: Buffer, tail: Buffer) => Buffer

const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** SSH signatures that no honest signer makes, by keys that the allowed signers do name. */
export function sshForgeries(allow: Allow): Signer[] {
  const key = ed25519SshKey('forger')
  const ecdsa = ecdsaSshKey(256, 'forger')
  const rsa = namedRsaKey('forger', 2048)
  const sk = skEd25519SshKey('forger', { application: 'ssh:', flags: 1, counter: 1 })
  const tiny = rsaSshKey(namedRsaKey('tiny', 1024), 'rsa-sha2-512')
  const rsaKey = rsaSshKey(rsa, 'rsa-sha2-512')
  for (const known of [key, ecdsa, rsaKey, sk, tiny]) allow('forger@example.com', known)
  return [
    ...blobForgeries(key),
    forge('rsa-sha1', rsaSshKey(rsa, 'ssh-rsa')),
    forge('rsa-1024', tiny),
    ...ed25519Forgeries(key),
    ...otherForgeries(ecdsa, rsaKey, sk),
    ...identityPoint(allow),
  ]
}

function forge(name: string, key: SshKey, options: SshsigOptions = {}): Signer {
  return { name: `ssh-${name}`, sign: (payload) => sshArmor(sshsigBlob(key, payload, options)) }
}

function blobForgeries(key: SshKey): Signer[] {
  return [
    forge('namespace-of-files', key, { namespace: 'file' }),
    forge('namespace-empty', key, { namespace: '' }),
    forge('namespace-longer', key, { namespace: 'git\0' }),
    forge('reserved-filled', key, { reserved: 'x' }),
    forge('version-0', key, { version: 0 }),
    forge('version-2', key, { version: 2 }),
    forge('hash-sha1', key, { hashName: 'sha1' }),
    forge('hash-sha384', key, { hashName: 'sha384' }),
    forge('hash-lie', key, { hash: 'sha256', hashName: 'sha512' }),
    forge('trailing-bytes', key, { trailing: Buffer.from('x') }),
    forge('public-key-of-another', key, { publicKey: ed25519SshKey('good').blob }),
    forge('public-key-with-a-tail', key, { publicKey: Buffer.concat([key.blob, Buffer.from('x')]) }),
    forge('public-key-empty', key, { publicKey: Buffer.alloc(0) }),
    forge('public-key-of-unknown-type', key, { publicKey: sshString('ssh-nonsense') }),
    forge('public-key-short', key, { publicKey: Buffer.concat([sshString('ssh-ed25519'), sshString('short')]) }),
  ]
}

function ed25519Forgeries(key: SshKey): Signer[] {
  return [
    forge(
      'format-of-rsa',
      inner(key, (_format, value) => join('rsa-sha2-512', value)),
    ),
    forge(
      'format-unknown',
      inner(key, (_format, value) => join('ssh-nonsense', value)),
    ),
    forge(
      'inner-tail',
      inner(key, (format, value) => Buffer.concat([join(format, value), Buffer.from('x')])),
    ),
    forge(
      'inner-short',
      inner(key, (format, value) => join(format, value.subarray(0, 63))),
    ),
    forge(
      'inner-long',
      inner(key, (format, value) => join(format, Buffer.concat([value, Buffer.of(0)]))),
    ),
    forge(
      'inner-empty',
      inner(key, (format) => join(format, Buffer.alloc(0))),
    ),
    forge(
      'scalar-plus-group-order',
      inner(key, (format, value) => join(format, addGroupOrder(value))),
    ),
    forge(
      'scalar-zero',
      inner(key, (format, value) => join(format, Buffer.concat([value.subarray(0, 32), Buffer.alloc(32)]))),
    ),
  ]
}

function otherForgeries(ecdsa: SshKey, rsa: SshKey, sk: SshKey): Signer[] {
  return [
    forge(
      'ecdsa-zeros',
      inner(ecdsa, (format) => join(format, Buffer.concat([sshString(''), sshString('')]))),
    ),
    forge(
      'ecdsa-mpint-padded',
      inner(ecdsa, (format, value) => join(format, padFirst(value))),
    ),
    forge(
      'ecdsa-pair-tail',
      inner(ecdsa, (format, value) => join(format, Buffer.concat([value, Buffer.of(0)]))),
    ),
    forge(
      'rsa-one-byte-more',
      inner(rsa, (format, value) => join(format, Buffer.concat([Buffer.of(0), value]))),
    ),
    forge(
      'rsa-one-byte-less',
      inner(rsa, (format, value) => join(format, value.subarray(1))),
    ),
    forge(
      'sk-flags-changed',
      inner(sk, (format, value, tail) => Buffer.concat([join(format, value), Buffer.of(5), tail.subarray(1)])),
    ),
    forge(
      'sk-counter-missing',
      inner(sk, (format, value, tail) => Buffer.concat([join(format, value), tail.subarray(0, 1)])),
    ),
    forge(
      'sk-tail',
      inner(sk, (format, value, tail) => Buffer.concat([join(format, value), tail, Buffer.of(0)])),
    ),
  ]
}

/** The public key is the neutral point: R = identity, S = 0 satisfies the equation for every message. */
function identityPoint(allow: Allow): Signer[] {
  const point = Buffer.alloc(32)
  point[0] = 1
  const blob = Buffer.concat([sshString('ssh-ed25519'), sshString(point)])
  const sign = () => join('ssh-ed25519', Buffer.concat([point, Buffer.alloc(32)]))
  const key = { type: 'ssh-ed25519', blob, sign }
  allow('nobody@example.com', key)
  return [forge('public-key-is-the-neutral-point', key)]
}

function inner(key: SshKey, edit: Edit): SshKey {
  return {
    ...key,
    sign: (bytes) => {
      const made = key.sign(bytes)
      const start = 4 + made.readUInt32BE(0)
      const end = start + 4 + made.readUInt32BE(start)
      return edit(made.toString('latin1', 4, start), made.subarray(start + 4, end), made.subarray(end))
    },
  }
}

function join(format: string, value: Uint8Array): Buffer {
  return Buffer.concat([sshString(format), sshString(value)])
}

function addGroupOrder(signature: Buffer): Buffer {
  const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + GROUP_ORDER
  const bytes = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse()
  return Buffer.concat([signature.subarray(0, 32), bytes])
}

function padFirst(pair: Buffer): Buffer {
  const length = pair.readUInt32BE(0)
  const first = pair.subarray(4, 4 + length)
  return Buffer.concat([sshString(Buffer.concat([Buffer.of(0, 0), first])), pair.subarray(4 + length)])
}
