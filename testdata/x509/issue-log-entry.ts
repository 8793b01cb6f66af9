/** Writes Rekor log entries as gitsign embeds them, for a log of our own. */
import { createHash } from 'node:crypto'
import { type Signer, signBytes } from './issue.ts'

const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const leaf = (body: Uint8Array): Buffer => sha256(Uint8Array.of(0), body)
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Uint8Array.of(1), left, right)

function varint(value: number): Uint8Array {
  const digits: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) digits.push((rest % 128) + 128)
  return Uint8Array.from([...digits, rest])
}

export const numberField = (field: number, value: number): Uint8Array =>
  Buffer.concat([varint(field * 8), varint(value)])
export const bytesField = (field: number, value: Uint8Array): Uint8Array =>
  Buffer.concat([varint(field * 8 + 2), varint(value.length), value])
const textField = (field: number, value: string): Uint8Array => bytesField(field, Buffer.from(value))

export interface LogRequest {
  readonly log: Signer
  readonly covered: Uint8Array
  readonly signature: Uint8Array
  readonly certificate: Uint8Array
  readonly integratedTime: number
  readonly kind?: string
  readonly hasPromise?: boolean
  readonly hasProof?: boolean
  /** Replaces the promise, the tree size of the checkpoint, or the sibling hash of the proof. */
  readonly promise?: Uint8Array
  readonly checkpointSize?: number
  readonly sibling?: Uint8Array
  /** Replaces the root of the proof, the signature of the checkpoint, the key id before it. */
  readonly root?: Uint8Array
  readonly checkpointSigner?: Signer
  readonly checkpointKeyId?: Uint8Array
}

/** A `TransparencyLogEntry` for one signature, as the middle leaf of a log of three. */
export function logEntry(o: LogRequest): Uint8Array {
  const pem =
    Buffer.from(o.certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const certificate = Buffer.from(`-----BEGIN CERTIFICATE-----\n${pem.join('\n')}\n-----END CERTIFICATE-----\n`)
  const body = Buffer.from(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${sha256(o.covered).toString('hex')}"}},` +
      `"signature":{"content":"${Buffer.from(o.signature).toString('base64')}","publicKey":{"content":"${certificate.toString('base64')}"}}}}`,
  )
  const logId = sha256(o.log.spki)
  const [before, after] = [o.sibling ?? leaf(Buffer.from('before')), leaf(Buffer.from('after'))]
  const root = node(node(leaf(Buffer.from('before')), leaf(body)), after)
  const text = `log.example.com - 7\n${o.checkpointSize ?? 3}\n${root.toString('base64')}\nTimestamp: 1\n`
  const line = Buffer.concat([
    o.checkpointKeyId ?? logId.subarray(0, 4),
    signBytes(o.checkpointSigner ?? o.log, Buffer.from(text)),
  ]).toString('base64')
  const promised = `{"body":"${body.toString('base64')}","integratedTime":${o.integratedTime},"logID":"${logId.toString('hex')}","logIndex":41}`
  const promise = o.promise ?? signBytes(o.log, Buffer.from(promised))
  const proof = Buffer.concat([
    numberField(1, 1),
    bytesField(2, o.root ?? root),
    numberField(3, 3),
    bytesField(4, before),
    bytesField(4, after),
    bytesField(5, textField(1, `${text}\n\u2014 log.example.com ${line}\n`)),
  ])
  return Buffer.concat([
    numberField(1, 41),
    bytesField(2, bytesField(1, logId)),
    bytesField(3, Buffer.concat([textField(1, o.kind ?? 'hashedrekord'), textField(2, '0.0.1')])),
    numberField(4, o.integratedTime),
    ...(o.hasPromise === false ? [] : [bytesField(5, bytesField(1, promise))]),
    ...(o.hasProof === false ? [] : [bytesField(6, proof)]),
  ])
}
