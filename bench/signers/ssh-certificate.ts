import { seededBytes } from './dice.ts'
import type { SshKey } from './ssh-keys.ts'
import { sshString, u32, u64 } from './ssh-wire.ts'

/** What a certificate authority says about a key. Times are Unix seconds, `validBefore` exclusive. */
export interface CertificateTerms {
  readonly serial: bigint
  readonly keyId: string
  readonly principals: readonly string[]
  readonly validAfter: bigint
  readonly validBefore: bigint
  /** 1 user, 2 host. */
  readonly type?: number
  readonly criticalOptions?: readonly (readonly [name: string, value: string])[]
}

/** The certificate blob of a key (OpenSSH PROTOCOL.certkeys), signed by the authority. */
export function certificateBlob(subject: SshKey, authority: SshKey, terms: CertificateTerms): Buffer {
  const keyFields = subject.blob.subarray(4 + subject.type.length)
  const options = (terms.criticalOptions ?? []).map(([name, value]) => [sshString(name), sshString(sshString(value))])
  const body = Buffer.concat([
    sshString(`${subject.type.replace('@openssh.com', '')}-cert-v01@openssh.com`),
    sshString(seededBytes(`nonce ${terms.keyId} ${terms.serial}`, 32)),
    keyFields,
    u64(terms.serial),
    u32(terms.type ?? 1),
    sshString(terms.keyId),
    sshString(Buffer.concat(terms.principals.map((name) => sshString(name)))),
    u64(terms.validAfter),
    u64(terms.validBefore),
    sshString(Buffer.concat(options.flat())),
    sshString(''),
    sshString(''),
    sshString(authority.blob),
  ])
  return Buffer.concat([body, sshString(authority.sign(body))])
}
