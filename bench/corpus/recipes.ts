import type { ObjectFormat } from '../history/git-object.ts'
import { type ArmorDamage, fixedDamage, objectDamage, randomDamage } from './damage.ts'
import {
  commitShapes,
  type Draft,
  plainCommit,
  plainTag,
  type Shape,
  type SignedType,
  type Signer,
  tagShapes,
} from './draft.ts'
import type { PgpPeople } from './openpgp-people.ts'
import { oddPlacements, type Placement, unsignedPlacement, usualPlacement } from './placements.ts'
import type { SshPeople } from './ssh-people.ts'
import type { X509People } from './x509-people.ts'

/** Objects to make: all of one class, each differing from the next in time, parent and dice. */
export interface Recipe {
  /** `signer/shape/placement/damage`, so that a disagreement names what was done. */
  readonly className: string
  readonly type: SignedType
  readonly count: number
  make(draft: Draft): Buffer
}

/** All who sign in a corpus. */
export interface People {
  readonly ssh: SshPeople
  readonly pgp: PgpPeople
  readonly x509: X509People
}

/** How many objects a class gets; the SHA-256 corpus and the tests take fewer. */
export interface CorpusSize {
  readonly format: ObjectFormat
  /** Multiplies every count, which never falls below one. */
  readonly scale: number
  readonly zone: string
}

const TYPES: readonly SignedType[] = ['commit', 'tag']

/** The recipes of a corpus, in the order in which its objects follow each other. */
export function recipes({ ssh, pgp, x509 }: People, { scale }: CorpusSize): Recipe[] {
  const stars = [ssh.good[0], ssh.good[2], ssh.good[5], pgp.good[0], pgp.good[1]].filter(
    (signer) => signer !== undefined,
  )
  const smime = x509.good.slice(0, 1)
  const list = [
    ...TYPES.map((type) => recipe({ type, placement: unsignedPlacement(type), count: 10 })),
    ...everyType([...ssh.good, ...pgp.good], 12),
    ...everyType([...ssh.odd, ...ssh.forged], 8),
    ...everyType([...pgp.odd, ...pgp.forged], 4),
    ...everyType(x509.good, 4),
    ...everyType(x509.odd, 2),
    ...shapes([...stars, ...smime], 2),
    ...placements([...stars, ...smime], 2),
    ...damaged(stars, smime),
  ]
  return list.map((entry) => ({ ...entry, count: Math.max(1, Math.round(entry.count * scale)) }))
}

interface RecipeParts {
  readonly type: SignedType
  readonly count: number
  readonly signer?: Signer
  readonly shape?: Shape
  readonly placement?: Placement
  readonly armor?: ArmorDamage
  readonly object?: (typeof objectDamage)[number]
}

const nobody: Signer = { name: 'nobody', sign: () => '' }

function recipe({ type, count, armor, object, ...parts }: RecipeParts): Recipe {
  const { signer = nobody, placement = usualPlacement[type] } = parts
  const shape = parts.shape ?? (type === 'commit' ? plainCommit : plainTag)
  const damage = armor?.name ?? object?.name ?? 'whole'
  const hand: Signer =
    armor === undefined
      ? signer
      : { name: signer.name, sign: (payload, draft) => armor.apply(signer.sign(payload, draft), draft.dice) }
  return {
    className: `${signer.name}/${shape.name}/${placement.name}/${damage}`,
    type,
    count,
    make: (draft) => {
      const signed = placement.place(Buffer.from(shape.text(draft), 'latin1'), hand, draft)
      return object === undefined ? signed : object.apply(signed, draft.dice)
    },
  }
}

function everyType(signers: readonly Signer[], count: number): Recipe[] {
  return signers.flatMap((signer) => TYPES.map((type) => recipe({ type, signer, count })))
}

function shapes(signers: readonly Signer[], count: number): Recipe[] {
  return signers.flatMap((signer) => [
    ...commitShapes.map((shape) => recipe({ type: 'commit', signer, shape, count })),
    ...tagShapes.map((shape) => recipe({ type: 'tag', signer, shape, count })),
  ])
}

function placements(signers: readonly Signer[], count: number): Recipe[] {
  return signers.flatMap((signer) =>
    oddPlacements.map((placement) => recipe({ type: placement.type, signer, placement, count })),
  )
}

function damaged(stars: readonly Signer[], smime: readonly Signer[]): Recipe[] {
  const spoil = (signer: Signer, times: number): Recipe[] =>
    TYPES.flatMap((type) => [
      ...objectDamage.map((object) => recipe({ type, signer, object, count: Math.ceil(times / 9) })),
      ...fixedDamage.map((armor) => recipe({ type, signer, armor, count: 2 })),
      ...randomDamage.map((armor) => recipe({ type, signer, armor, count: times })),
    ])
  return [...stars.flatMap((signer) => spoil(signer, 90)), ...smime.flatMap((signer) => spoil(signer, 10))]
}
