import { expect, test } from 'vitest'
import { armor } from '../../../../../testdata/openpgp/craft.ts'
import { openGitOracle, type SignedPayload } from '../../../../../testdata/openpgp/git-oracle.ts'
import { readRecording } from '../../../../../testdata/openpgp/recording.ts'
import { moments, type Vector } from '../../../../../testdata/openpgp/vector.ts'
import { checkOpenPgpSignature } from './check-openpgp-signature.ts'
import { readKeyring } from './keyring.ts'

const { keyrings, vectors } = readRecording()

test.for(keyrings.map((keyring, index) => ({ keyring, index })))(
  'git and gpg answer about keyring $index as recorded, and so do we',
  ({ keyring, index }) => {
    const asked = vectors.filter((vector) => vector.keyring === index)
    for (const now of new Set(asked.map((vector) => vector.now))) {
      const batch = asked.filter((vector) => vector.now === now)
      const answers = askGit(keyring, now, batch)
      expect(answers).toEqual(
        batch.map(({ git, key, fingerprint, primaryFingerprint, principal }) => ({
          git,
          key,
          fingerprint,
          primaryFingerprint,
          principal,
        })),
      )
    }
  },
)

test.for(['good rsa', 'good', 'gpg nistp256', 'gpg dsa2048', 'subkey'])(
  'git and we give one letter to 100 damaged copies of the signature "%s"',
  (name) => {
    const vector = vectors.find((one) => one.name === name)
    if (vector === undefined) throw new Error(`no vector "${name}"`)
    const keyring = keyrings[vector.keyring] ?? ''
    const ring = readKeyring(Buffer.from(keyring, 'base64'))
    const damaged = damagedCopies(vector, 100)
    const times = { claimed: moments.signed, now: vector.now, trusted: null }
    const ours = damaged.map(({ payload, armor: armored }) => {
      const { git, key } = checkOpenPgpSignature(Buffer.from(payload), Buffer.from(armored), ring, times)
      return { git, key, armored }
    })
    const theirs = askGit(keyring, vector.now, damaged)
    expect(theirs.map(({ git, key }, i) => ({ git, key, armored: damaged[i]?.armor }))).toEqual(ours)
  },
)

function askGit(keyring: string, now: number, questions: readonly SignedPayload[]) {
  const oracle = openGitOracle(Buffer.from(keyring, 'base64'), now)
  try {
    return oracle.ask(questions)
  } finally {
    oracle.close()
  }
}

/** Distinct copies, half with bytes of the packet changed and half with characters of the armour, by a fixed sequence. */
function damagedCopies({ payload, armor: armored }: Vector, count: number): readonly SignedPayload[] {
  const next = makeSequence(20_261_121)
  const bytes = Buffer.from(armored.split('\n\n')[1]?.split('\n=')[0] ?? '', 'base64')
  const copies = new Set<string>()
  while (copies.size < count) {
    const copy = next(2) === 0 ? damageBytes(bytes, next) : damageText(armored, next)
    if (copy !== armored) copies.add(copy)
  }
  return [...copies].map((copy) => ({ payload, armor: copy }))
}

type Sequence = (below: number) => number

function makeSequence(seed: number): Sequence {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

function damageBytes(bytes: Buffer, next: Sequence): string {
  const copy = Buffer.from(bytes)
  copy[next(copy.length)] = next(256)
  if (next(2) === 0) copy[next(Math.min(copy.length, 80))] = next(256)
  return armor('SIGNATURE', next(8) === 0 ? copy.subarray(0, next(copy.length) + 1) : copy)
}

function damageText(armored: string, next: Sequence): string {
  const characters = [...armored]
  // The BEGIN line stays: without it git knows no format and stops.
  const at = 29 + next(armored.length - 29)
  const spoiled = '=\n -AZ:/+x~'[next(11)] ?? 'x'
  characters.splice(at, next(2), ...(next(3) === 0 ? [] : [spoiled]))
  return characters.join('')
}
