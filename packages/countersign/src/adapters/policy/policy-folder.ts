import type { Dirent } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printable, readTrustRoots, type TrustMaterial } from '@countersign/verify'
import { stringify } from 'yaml'
import { type PolicyBundle, type SealedPolicy, sealPolicy } from '../../workflows/policy-bundle.ts'
import type { GitRepository } from '../../workflows/ports/git-repository.ts'
import type { PolicySource } from '../../workflows/ports/policy-source.ts'
import { Problem, problemCodeOf } from '../../workflows/problem.ts'
import { importIdentities } from './import-identities.ts'
import { MAX_POLICY_FILE_BYTES, readPolicy } from './read-policy.ts'

const FIRST_POLICY = {
  apiVersion: 'countersign.dev/v1',
  kind: 'Policy',
  controlledRefs: { branches: ['main', 'master', 'release/**'], tags: ['**'] },
  rules: {
    'commits-signed': { mode: 'enforce' },
    'merges-signed': { mode: 'enforce' },
    'signer-is-committer': { mode: 'enforce', authors: 'signer' },
    'services-in-their-place': { mode: 'enforce', allow: {} },
    'tags-signed': { mode: 'enforce' },
    'tags-immutable': { mode: 'enforce' },
    'history-kept': { mode: 'enforce' },
    'ticket-referenced': { mode: 'warn' },
    'separation-of-duties': { mode: 'enforce' },
    'merges-add-nothing': { mode: 'warn' },
  },
}

/** Reads policies from the trees of a repository. */
export function repositoryPolicies(repository: GitRepository): PolicySource {
  return {
    async at(tree) {
      if (tree === null) return null
      const files = await repository.filesBelow(tree, MAX_POLICY_FILE_BYTES)
      return files.has('policy.yaml') ? readWhole(files, { kind: 'repository', tree }) : null
    },
  }
}

/** Reads a policy from a folder on disk, laid out as `.countersign/` is. Rejects as `readPolicy` does, and for unusable keys. */
export async function readPolicyFolder(folder: string): Promise<SealedPolicy> {
  const files = new Map<string, Uint8Array>()
  for (const path of await filesOf(folder)) {
    const file = join(folder, path)
    if ((await stat(file)).size > MAX_POLICY_FILE_BYTES) {
      throw new Problem('policy_malformed', `${file} is larger than ${MAX_POLICY_FILE_BYTES} bytes`)
    }
    files.set(path, await readFile(file))
  }
  return readWhole(files, { kind: 'folder' })
}

function readWhole(files: ReadonlyMap<string, Uint8Array>, source: PolicyBundle['source']): SealedPolicy {
  const bundle = readPolicy(files, source)
  requireUsable(bundle.trust)
  return sealPolicy(bundle)
}

/** Keys that cannot be used as a whole are a fault of the policy, found here and not in the middle of judging. */
function requireUsable(trust: TrustMaterial): void {
  try {
    readTrustRoots(trust)
  } catch (cause) {
    if (problemCodeOf(cause) !== 'trust_file_malformed') throw cause
    const reason = cause instanceof Error ? cause.message : 'unusable'
    throw new Problem('policy_malformed', `the keys of the policy: ${reason}`, { cause })
  }
}

async function filesOf(folder: string): Promise<readonly string[]> {
  let entries: readonly Dirent[]
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true })
  } catch (cause) {
    throw new Problem('policy_absent', `the policy folder ${folder} cannot be read`, { cause })
  }
  const pathOf = (entry: Dirent): string =>
    join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/')
  // A link is not followed, and a revocation behind it would revoke nothing.
  const link = entries.find((entry) => !entry.isFile() && !entry.isDirectory() && /^keys(?:\/|$)/.test(pathOf(entry)))
  if (link !== undefined) {
    throw new Problem('policy_malformed', `${printable(pathOf(link))}: is neither a file nor a folder`)
  }
  return entries
    .filter((entry) => entry.isFile())
    .map(pathOf)
    .sort()
}

/** What a first policy consists of, and what the key files held that nobody could be made of. */
export interface FirstPolicy {
  readonly files: readonly string[]
  readonly notes: readonly string[]
}

/** Writes `.countersign/` below a folder. Rejects with `Problem` `already_there` rather than touch an existing one. */
export async function writeFirstPolicy(folder: string, trust: TrustMaterial): Promise<FirstPolicy> {
  const { identities, notes } = importIdentities(trust)
  const home = join(folder, '.countersign')
  await makeHome(home)
  const files = new Map<string, string | Uint8Array>([
    ['policy.yaml', stringify(FIRST_POLICY)],
    ['identities.yaml', stringify({ apiVersion: 'countersign.dev/v1', kind: 'Identities', identities })],
    ...trust.keyrings.map((bytes, index) => [`keys/keyring-${index + 1}.asc`, bytes] as const),
    ...trust.x509Roots.map((bytes, index) => [`keys/roots-${index + 1}.pem`, bytes] as const),
    ...(trust.logKeys ?? []).map((bytes, index) => [`keys/log-${index + 1}.rekor.pub`, bytes] as const),
    ...trust.revoked.map((bytes, index) => [`keys/revoked-${index + 1}.krl`, bytes] as const),
  ])
  if (files.size > 2) await mkdir(join(home, 'keys'))
  for (const [name, content] of files) await writeFile(join(home, name), content, { flag: 'wx' })
  return { files: [...files.keys()].map((name) => join(home, name)), notes }
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home)
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw new Problem(exists ? 'already_there' : 'file_unreadable', `${home} cannot be made`, { cause })
  }
}
