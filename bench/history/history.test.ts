import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { appendCommit, makeHistory } from './history.ts'
import { git } from './repository.ts'

function withFolder<T>(run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'csb-history-'))
  try {
    return run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const tip = (seed: string, scheme: 'ssh-ed25519' | 'openpgp-ed25519' = 'ssh-ed25519'): string =>
  withFolder((folder) =>
    git(makeHistory({ scheme, commits: 30, seed }, folder).repository, ['rev-parse', 'main']).trim(),
  )

test.for(['ssh-ed25519', 'openpgp-ed25519'] as const)('the same seed gives the same %s history', (scheme) => {
  expect(tip('a', scheme)).toBe(tip('a', scheme))
})

test('another seed gives another history', () => {
  expect(tip('a')).not.toBe(tip('b'))
})

test('a history is linear, sound, and signed commit by commit by eight people', () => {
  withFolder((folder) => {
    const { repository, allowedSigners } = makeHistory({ scheme: 'ssh-ed25519', commits: 30, seed: 'a' }, folder)
    expect(git(repository, ['fsck', '--strict', '--no-dangling'])).toBe('')
    expect(git(repository, ['rev-list', '--count', '--max-parents=1', 'main']).trim()).toBe('30')
    const raw = git(repository, ['log', '--format=raw', 'main'])
    expect(raw.match(/^gpgsig -----BEGIN SSH SIGNATURE-----$/gm)).toHaveLength(30)
    expect(new Set(git(repository, ['log', '--format=%ce', 'main']).trim().split('\n')).size).toBe(8)
    expect(readFileSync(allowedSigners, 'utf8').trim().split('\n')).toHaveLength(8)
    expect(git(repository, ['ls-tree', '--name-only', 'main']).trim().split('\n')).toHaveLength(20)
  })
})

test('one more commit follows the last one', () => {
  withFolder((folder) => {
    const parameters = { scheme: 'ssh-ed25519', commits: 5, seed: 'a' } as const
    const { repository } = makeHistory(parameters, folder)
    const before = git(repository, ['rev-parse', 'main']).trim()
    const added = appendCommit(repository, parameters)
    expect(git(repository, ['rev-parse', 'main', 'main^']).trim().split('\n')).toEqual([added, before])
  })
})
