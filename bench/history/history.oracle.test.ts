import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTrustHome } from '../corpus/trust-home.ts'
import { appendCommit, type HistoryScheme, makeHistory } from './history.ts'

const rows: readonly HistoryScheme[] = ['ssh-ed25519', 'openpgp-ed25519', 'openpgp-rsa4096']

test.for(rows)('git calls every commit of a small %s history good', { timeout: 30_000 }, (scheme) => {
  const folder = mkdtempSync(join(tmpdir(), 'csb-history-'))
  const parameters = { scheme, commits: 16, seed: 'oracle' }
  const { repository, allowedSigners, keyring } = makeHistory(parameters, folder)
  if (scheme !== 'openpgp-rsa4096') appendCommit(repository, parameters)
  const home = openTrustHome({ keyring, roots: '/dev/null', zone: 'UTC' })
  try {
    const args = ['-C', repository, '-c', `gpg.ssh.allowedSignersFile=${allowedSigners}`, 'log', '--format=%G?', 'main']
    const letters = execFileSync('git', args, { env: home.env }).toString().trim().split('\n')
    expect(letters).toEqual(Array.from({ length: scheme === 'openpgp-rsa4096' ? 16 : 17 }, () => 'G'))
  } finally {
    home.remove()
    rmSync(folder, { recursive: true, force: true })
  }
})
