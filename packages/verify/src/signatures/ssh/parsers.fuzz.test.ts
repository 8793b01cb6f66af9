import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { krlCertificates, makeKrl } from '../../../../../testdata/ssh/make-krl.ts'
import {
  armor,
  keyText,
  makeCertificate,
  makeKey,
  makeSshsigBlob,
  mpint,
  str,
  u64,
} from '../../../../../testdata/ssh/software-signer.ts'
import { parseAllowedSigners } from './allowed-signers.ts'
import { checkSshSignature, prepareSshTrust } from './check-ssh-signature.ts'
import { parseKrl } from './krl.ts'
import { checkRawSignature } from './raw-signature.ts'
import { parseRevocationList } from './revocation-list.ts'
import { SshError } from './ssh-error.ts'
import { parseSshKey, parseSshKeyText } from './ssh-key.ts'
import { parseSshSignature } from './sshsig.ts'

const key = makeKey('ssh-ed25519')
const p256 = makeKey('ecdsa-sha2-nistp256')
const rsa = makeKey('ssh-rsa')
const sk = makeKey('sk-ecdsa-sha2-nistp256@openssh.com')
const certificate = makeCertificate(key, p256, { principals: ['a', 'b'], criticalOptions: [['x', 'y']] })
const signature = makeSshsigBlob(sk, Buffer.from('payload'))
const krl = makeKrl(
  krlCertificates(
    key.blob,
    [0x20, u64(1n)],
    [0x21, Buffer.concat([u64(2n), u64(9n)])],
    [0x22, Buffer.concat([u64(20n), mpint(Buffer.of(5))])],
    [0x23, str('id')],
  ),
  [2, str(key.blob)],
  [3, str(Buffer.alloc(20))],
  [5, str(Buffer.alloc(32))],
)
const line = `"a b",c NAMESPACES="git",valid-after="20240101Z",cert-authority ${keyText(key.blob)} comment\n`

/** Bytes near a good one: some changed, some cut, some put in; or any bytes. */
function near(...seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 6 }), fc.nat({ max: 6 }))
  const edited = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([seed, edits]) =>
      edits.reduce<Uint8Array>((bytes, [at, insert, drop]) => {
        const index = at % (bytes.length + 1)
        return Buffer.concat([bytes.subarray(0, index), insert, bytes.subarray(index + drop)])
      }, seed),
    )
  return fc.oneof({ weight: 9, arbitrary: edited }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) })
}

function throwsOnlySshErrors(parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    expect(error).toBeInstanceOf(SshError)
  }
}

const utf8 = (text: string): Buffer => Buffer.from(text)

describe('throws nothing but SshError for any bytes', () => {
  test.for([
    { name: 'parseSshKey', parse: parseSshKey, seeds: [key.blob, p256.blob, rsa.blob, sk.blob, certificate] },
    { name: 'parseSshSignature', parse: parseSshSignature, seeds: [utf8(armor(signature))] },
    {
      name: 'parseSshSignature, blob',
      parse: (bytes: Uint8Array) => parseSshSignature(utf8(armor(bytes))),
      seeds: [signature],
    },
    { name: 'parseKrl', parse: parseKrl, seeds: [krl] },
    { name: 'parseRevocationList', parse: parseRevocationList, seeds: [krl, utf8(`# x\n${keyText(rsa.blob)} c\n`)] },
    { name: 'parseAllowedSigners', parse: parseAllowedSigners, seeds: [utf8(line)] },
    {
      name: 'parseSshKeyText',
      parse: (bytes: Uint8Array) => parseSshKeyText(Buffer.from(bytes).toString('latin1')),
      seeds: [utf8(keyText(certificate))],
    },
  ])('$name', ({ parse, seeds }) => {
    fc.assert(
      fc.property(near(...seeds), (bytes) => throwsOnlySshErrors(() => parse(bytes))),
      { numRuns: 400 },
    )
  })

  test.for([key, p256, rsa, sk, makeKey('sk-ssh-ed25519@openssh.com')])('checkRawSignature, $type', (signer) => {
    const { plain } = parseSshKey(signer.blob)
    const webauthn = Buffer.concat([
      str('webauthn-sk-ecdsa-sha2-nistp256@openssh.com'),
      str(''),
      Buffer.alloc(5),
      str('o'),
      str('{}'),
      str(''),
    ])
    const raw = makeSshsigBlob(signer, Buffer.from('x')).subarray(-(signer.type === 'ssh-rsa' ? 276 : 150))
    fc.assert(
      fc.property(near(raw, webauthn), (bytes) =>
        throwsOnlySshErrors(() => checkRawSignature(plain, bytes, Buffer.from('x'))),
      ),
      { numRuns: 200 },
    )
  })
})

test('checkSshSignature throws nothing, and finds nothing good that nobody signed', () => {
  const trust = prepareSshTrust({ allowedSigners: parseAllowedSigners(`a ${keyText(sk.blob)}`), revoked: [] })
  const times = { claimed: 1, now: 1, trusted: null }
  fc.assert(
    fc.property(near(signature), near(utf8(armor(signature))), (blob, text) => {
      for (const bytes of [utf8(armor(blob)), text]) {
        const { status, reason } = checkSshSignature(Buffer.from('other payload'), bytes, trust, times)
        expect(status).not.toBe('good')
        expect(reason).toMatch(/^[a-z0-9_]+$/)
      }
    }),
    { numRuns: 400 },
  )
})
