import { generateKeyPairSync, sign as nodeSign, verify } from 'node:crypto'
import { createMessage, readKey, readSignature, verify as verifyWithLibrary } from 'openpgp'
import { checkOpenPgpSignature } from '../../packages/verify/src/signatures/openpgp/check-openpgp-signature.ts'
import { readKeyring } from '../../packages/verify/src/signatures/openpgp/keyring.ts'
import { readRecording } from './recording.ts'
import { moments } from './vector.ts'

// `node testdata/openpgp/measure.ts`: checks per second on one core, beside openpgp.js and bare node:crypto.
const times = { claimed: moments.signed, now: moments.now, trusted: null }
const { keyrings, vectors } = readRecording()

async function rate(work: () => unknown, count: number): Promise<number> {
  const rates: number[] = []
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) await work()
    rates.push(count / (Number(process.hrtime.bigint() - start) / 1e9))
  }
  return rates.sort((a, b) => a - b)[2] ?? 0
}

/** Both in turns, so that a slow moment falls on both; the share is the median of the rounds' own. */
function rateBeside(ours: () => unknown, bare: () => unknown, count: number) {
  const rounds = Array.from({ length: 9 }, () => {
    const [our, their] = [syncRate(ours, count), syncRate(bare, count)]
    return { our, their, share: our / their }
  })
  const [middle] = rounds.sort((a, b) => a.share - b.share).slice(4)
  return middle ?? { our: 0, their: 0, share: 0 }
}

function syncRate(work: () => unknown, count: number): number {
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i++) work()
  return count / (Number(process.hrtime.bigint() - start) / 1e9)
}

function bareCheck(algorithm: string): () => unknown {
  const data = Buffer.alloc(64, 7)
  const isRsa = algorithm.startsWith('rsa')
  const pair = isRsa
    ? generateKeyPairSync('rsa', { modulusLength: Number(algorithm.slice(3)) })
    : generateKeyPairSync('ed25519')
  const digest = isRsa ? 'sha256' : null
  const signature = nodeSign(digest, data, pair.privateKey)
  return () => verify(digest, data, pair.publicKey, signature)
}

for (const algorithm of ['rsa2048', 'rsa4096', 'ed25519']) {
  const vector = vectors.find(({ name }) => name === `gpg ${algorithm}`)
  if (vector === undefined) throw new Error(`no vector for ${algorithm}`)
  const binary = Buffer.from(keyrings[vector.keyring] ?? '', 'base64')
  const keyring = readKeyring(binary)
  const payload = Buffer.from(vector.payload)
  const armor = Buffer.from(vector.armor)
  const check = () => checkOpenPgpSignature(payload, armor, keyring, times)
  const { our, their, share } = rateBeside(check, bareCheck(algorithm), 3000)
  const verificationKeys = await readKey({ binaryKey: binary })
  const date = new Date(moments.now * 1000)
  const theirs = await rate(async () => {
    const signature = await readSignature({ armoredSignature: vector.armor })
    const message = await createMessage({ binary: payload })
    const { signatures } = await verifyWithLibrary({ message, signature, verificationKeys, date, expectSigned: true })
    await signatures[0]?.verified
  }, 300)
  const line = [our, their, theirs].map((value) => Math.round(value)).join(' / ')
  process.stdout.write(
    `${algorithm}: ours / node:crypto / openpgp.js ${line} per second; ` +
      `${(100 * share).toFixed(0)} % of bare, ${(our / theirs).toFixed(1)} x openpgp.js\n`,
  )
}
