import { readTrustRoots } from '@countersign/verify'
import { initialisePolicy, readTrust } from '../../wire.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign init`, as the grammar reads them. */
export interface InitOptions {
  readonly repo: string
  readonly allowedSigners?: readonly string[]
  readonly keyring?: readonly string[]
  readonly x509Roots?: readonly string[]
  readonly revoked?: readonly string[]
  readonly rekorKey?: readonly string[]
}

/** Writes a first `.countersign/` into the work tree, people and keys imported from the files that are named. */
export async function init(options: InitOptions, terminal: Terminal): Promise<number> {
  const trust = await readTrust({
    allowedSigners: options.allowedSigners ?? [],
    keyrings: options.keyring ?? [],
    x509Roots: options.x509Roots ?? [],
    revoked: options.revoked ?? [],
    logKeys: options.rekorKey ?? [],
  })
  // Refuses what no policy could use, before anything is written.
  readTrustRoots(trust)
  const { files, notes } = await initialisePolicy(options.repo, trust)
  for (const file of files) await terminal.data(`${file}\n`)
  for (const note of notes) terminal.talk(`note: ${note}\n`)
  terminal.talk('next: read .countersign/, commit it, then run countersign check\n')
  return 0
}
