import { expect, test } from 'vitest'
import { foldedName } from './folded-name.ts'

test.for([
  { one: 'alice@x.test', other: 'Alice@X.TEST' },
  { one: 'jos\u00e9@x.test', other: 'JOSE\u0301@x.test' },
  { one: 'alice@x.test', other: '\uff21lice@x.test' },
  { one: '\u03bd\u03b9\u03ba\u03bf\u03c2.p@x.test', other: '\u039d\u0399\u039a\u039f\u03a3.P@x.test' },
  { one: 'stra\u00dfe@x.test', other: 'STRASSE@x.test' },
  { one: 'stra\u1e9ee@x.test', other: 'strasse@x.test' },
])('$one and $other are one name', ({ one, other }) => {
  expect(foldedName(one)).toBe(foldedName(other))
})

test('other letters are another name', () => {
  expect(foldedName('alice@x.test')).not.toBe(foldedName('al\u00efce@x.test'))
})
