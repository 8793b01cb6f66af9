import { expect, test } from 'vitest'
import { dice } from '../signers/dice.ts'
import { commitShapes, plainCommit, plainTag, tagShapes } from './draft.ts'
import { oddPlacements, unsignedPlacement, usualPlacement } from './placements.ts'

const armor = '-----BEGIN SSH SIGNATURE-----\nAAAA\nBBBB\n-----END SSH SIGNATURE-----'
const signer = { name: 's', sign: () => armor }
const id = 'a'.repeat(40)
const draft = { format: 'sha1', index: 0, time: 1_700_000_000, tree: id, parent: id, dice: dice('p') } as const
const text = (type: 'commit' | 'tag') => Buffer.from((type === 'commit' ? plainCommit : plainTag).text(draft), 'latin1')

test('the usual commit has its signature in a continued header, in the header of its format', () => {
  const place = (format: 'sha1' | 'sha256') =>
    usualPlacement.commit.place(text('commit'), signer, { ...draft, format }).toString()
  expect(place('sha1')).toContain(
    '\ngpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n BBBB\n -----END SSH SIGNATURE-----\n\n',
  )
  expect(place('sha256')).toContain('\ngpgsig-sha256 -----BEGIN')
})

test('the usual tag has its signature at the end', () => {
  expect(usualPlacement.tag.place(text('tag'), signer, draft).toString()).toBe(`${text('tag')}${armor}\n`)
})

test.for(oddPlacements)('$type $name differs from the usual one and keeps the first header', ({ type, place }) => {
  const placed = place(text(type), signer, draft)
  expect(placed).not.toEqual(usualPlacement[type].place(text(type), signer, draft))
  expect(placed).not.toEqual(unsignedPlacement(type).place(text(type), signer, draft))
  expect(placed.subarray(0, 40)).toEqual(text(type).subarray(0, 40))
})

test('no two placements of a type, and no two shapes, share a name', () => {
  const lists = [oddPlacements.map(({ type, name }) => `${type} ${name}`), commitShapes, tagShapes]
  for (const list of lists) {
    const names = list.map((entry) => (typeof entry === 'string' ? entry : entry.name))
    expect(new Set(names).size).toBe(names.length)
  }
})
