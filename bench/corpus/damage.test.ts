import { expect, test } from 'vitest'
import { dice } from '../signers/dice.ts'
import { pgpArmor } from '../signers/openpgp-packets.ts'
import { sshArmor } from '../signers/sshsig.ts'
import { armorBytes, fixedDamage, objectDamage, randomDamage } from './damage.ts'
import { plainCommit, plainTag } from './draft.ts'

const bytes = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 37) & 0xff))
const armors = { ssh: sshArmor(bytes), openpgp: pgpArmor(bytes) }
const roll = dice('damage')
const id = '1'.repeat(40)
const draft = { format: 'sha1', index: 0, time: 1_700_000_000, tree: id, parent: id, dice: roll } as const

test.for(fixedDamage)('$name changes the armour, the same way each time', (damage) => {
  const changed = [armors.ssh, armors.openpgp].map((armor) => damage.apply(armor, roll))
  expect(changed).toEqual([armors.ssh, armors.openpgp].map((armor) => damage.apply(armor, roll)))
  expect(changed[0] !== armors.ssh || changed[1] !== armors.openpgp).toBe(true)
})

test.for(randomDamage)('$name changes most armours', (damage) => {
  const changed = Array.from({ length: 50 }, () => damage.apply(armors.ssh, roll)).filter(
    (armor) => armor !== armors.ssh,
  )
  expect(changed.length).toBeGreaterThan(40)
})

test.for(objectDamage)('$name changes a commit and a tag', (damage) => {
  for (const shape of [plainCommit, plainTag]) {
    const object = Buffer.from(shape.text(draft), 'latin1')
    expect(damage.apply(object, roll)).not.toEqual(object)
    expect(damage.apply(object, roll).subarray(0, 40)).toEqual(object.subarray(0, 40))
  }
})

test('armour gives its bytes back', () => {
  expect(armorBytes(armors.ssh)).toEqual(bytes)
  expect(armorBytes(armors.openpgp)).toEqual(bytes)
})
