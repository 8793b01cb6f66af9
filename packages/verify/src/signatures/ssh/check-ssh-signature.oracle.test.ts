import { expect, test } from 'vitest'
import { askGit } from '../../../../../testdata/ssh/ask-git.ts'
import { makeMatrix } from '../../../../../testdata/ssh/matrix.ts'
import { printable } from '../../bytes/encoding.ts'
import { parseAllowedSigners } from './allowed-signers.ts'
import { checkSshSignature, prepareSshTrust } from './check-ssh-signature.ts'
import { parseRevocationList } from './revocation-list.ts'

const NOW = Math.floor(Date.now() / 1000)

test('prints the letter, key and principal that git prints, for every case of the matrix', {
  timeout: 120_000,
}, async () => {
  const cases = makeMatrix()
  const answers = await askGit(cases)
  const ours = cases.map((item) => {
    const allowedSigners = item.allowedSigners === null ? null : parseAllowedSigners(item.allowedSigners)
    const revoked = item.revoked === null ? [] : [parseRevocationList(Buffer.from(item.revoked, 'base64'))]
    const trust = prepareSshTrust({ allowedSigners, revoked, requireUserPresence: false })
    const times = { claimed: item.claimed, now: NOW, trusted: null }
    const check = checkSshSignature(Buffer.from(item.payload), Buffer.from(item.armor), trust, times)
    return { name: item.name, letter: check.git, key: check.key, principal: check.git === 'G' ? check.principal : null }
  })
  const theirs = answers.map(({ letter, key, principal }, i) => ({
    name: cases[i]?.name,
    letter,
    key,
    principal: principal === null ? null : printable(principal),
  }))
  const different = ours.flatMap((our, i) =>
    JSON.stringify(our) === JSON.stringify(theirs[i]) ? [] : [{ our, git: theirs[i] }],
  )
  expect(different).toEqual([])
  expect(cases.length).toBeGreaterThan(500)
})
