import { describe, expect, test } from 'vitest'
import { ed25519SshKey } from '../../../../../bench/signers/ssh-keys.ts'
import { importIdentities } from './import-identities.ts'

const KEY = lineOf('one')

function lineOf(name: string): string {
  const { blob } = ed25519SshKey(name)
  return `ssh-ed25519 ${blob.toString('base64')}`
}

function imported(text: string) {
  const { identities, notes } = importIdentities({
    allowedSigners: [Buffer.from(text)],
    keyrings: [],
    x509Roots: [],
    revoked: [],
  })
  return { people: identities.map(({ id, emails, keys }) => [id, emails, keys.length]), notes }
}

describe('allowed signers', () => {
  test.for([
    { options: '', isThere: true },
    { options: 'namespaces="git" ', isThere: true },
    { options: 'namespaces="file,g*" ', isThere: true },
    { options: 'namespaces="file" ', isThere: false },
    { options: 'namespaces="*,!git" ', isThere: false },
  ])('with the options "$options" become people: $isThere', ({ options, isThere }) => {
    const { people, notes } = imported(`eve@x.test ${options}${KEY}\n`)
    expect(people).toEqual(isThere ? [['eve', ['eve@x.test'], 1]] : [])
    expect(notes).toEqual(isThere ? [] : ['allowed signers line 1 left out: its namespaces do not let it sign for git'])
  })

  const TAKEN_BACK =
    'allowed signers line 1: names that the line itself does not match were left out; a "!" takes them back, or a pattern is too long'
  const PATTERNS = 'allowed signers line 1: patterns name nobody in particular and were left out'
  const long = 'x'.repeat(1_023)

  test.for([
    { principals: 'alice@x.test,!alice@x.test', ids: [], said: [TAKEN_BACK] },
    { principals: 'alice@x.test,bob@x.test,!alice*', ids: ['bob'], said: [TAKEN_BACK] },
    { principals: 'alice@x.test,!bob@x.test', ids: ['alice'], said: [] },
    { principals: '*@x.test,!alice@x.test,bob@x.test', ids: ['bob'], said: [PATTERNS] },
    { principals: `alice@x.test,!${long}`, ids: [], said: [TAKEN_BACK] },
    { principals: '!alice@x.test', ids: [], said: ['allowed signers line 1 left out: it names nobody'] },
  ])('for "$principals" give a key to $ids alone, and say what they left out', ({ principals, ids, said }) => {
    const { people, notes } = imported(`${principals} ${KEY}\n`)
    expect([people.map(([id]) => id), notes]).toEqual([ids, said])
  })

  test('that differ in letter case alone are one person, who goes by every spelling', () => {
    const { people, notes } = imported(
      `alice@x.test ${KEY}\nAlice@X.test ${lineOf('two')}\nALICE@x.test,a@x.test ${lineOf('three')}\n`,
    )
    expect(people).toEqual([['alice', ['alice@x.test', 'Alice@X.test', 'ALICE@x.test', 'a@x.test'], 3]])
    expect(notes).toEqual([])
  })

  test('that give two people one e-mail are noted, because no policy may', () => {
    const { people, notes } = imported(`alice@x.test,bob@x.test ${KEY}\nBob@x.test ${lineOf('two')}\n`)
    expect(people).toEqual([
      ['alice', ['alice@x.test', 'bob@x.test'], 1],
      ['bob', ['Bob@x.test'], 1],
    ])
    expect(notes).toEqual([
      '"Bob@x.test" belongs to "alice" and "bob": take it from one of them, or make them one person',
    ])
  })
})
