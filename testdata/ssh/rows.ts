import type { SignatureTimes } from '../../packages/verify/src/signatures/signature.ts'
import type { SshTrustOptions } from '../../packages/verify/src/signatures/ssh/check-ssh-signature.ts'
import { CLAIMED, commitPayload } from './matrix.ts'
import {
  armor,
  keyText,
  makeCertificate,
  makeKey,
  makeSshsig,
  makeSshsigBlob,
  type SoftwareKey,
  str,
} from './software-signer.ts'

export interface Row {
  readonly name: string
  readonly status: string
  readonly reason: string
  readonly git: string
  /** The armour; `key` over `payload` when not given. */
  readonly signature?: string
  /** The allowed signers file; `alice` with `key` when not given. */
  readonly signers?: string | null
  readonly revoked?: readonly Buffer[]
  readonly since?: number
  readonly options?: Partial<SshTrustOptions>
  readonly times?: Partial<SignatureTimes>
  readonly namespace?: string
}

export const payload = Buffer.from(commitPayload(CLAIMED))
export const times: SignatureTimes = { claimed: CLAIMED, now: CLAIMED + 1000, trusted: null }
export const key = makeKey('ssh-ed25519')
export const sk = makeKey('sk-ssh-ed25519@openssh.com')
export const rsa = makeKey('ssh-rsa')
export const p256 = makeKey('ecdsa-sha2-nistp256')
export const authority = makeKey('ssh-ed25519')

export const by = (signer: SoftwareKey, options?: Parameters<typeof makeSshsig>[2]): string =>
  makeSshsig(signer, payload, options)
export const line = (signer: SoftwareKey, options = ''): string => `alice ${options} ${keyText(signer.blob)}`
export const certified = (options: Parameters<typeof makeCertificate>[2] = {}, by2 = authority, of = key): string =>
  by(of, { keyBlob: makeCertificate(of, by2, options) })
export const ca = `* cert-authority ${keyText(authority.blob)}`
export const second = (date: string): bigint => BigInt(Date.parse(date) / 1000)
export const any = Buffer.alloc(0)
export const small = Buffer.concat([str('ssh-ed25519'), str(Buffer.alloc(32).with(0, 1))])
export const notReduced = Buffer.concat([str('ssh-ed25519'), str(Buffer.alloc(32, 0xff).with(0, 0xf0).with(31, 0x7f))])
export const blob = makeSshsigBlob(key, payload)
export const text = armor(blob)
export const early = Date.parse('2023-01-01') / 1000
export const in2024 = 'valid-after="20240101Z",valid-before="20250101Z"'

export function withKey(
  signer: SoftwareKey,
  options?: Parameters<typeof makeSshsig>[2],
): Pick<Row, 'signature' | 'signers'> {
  return { signature: by(signer, options), signers: line(signer) }
}
