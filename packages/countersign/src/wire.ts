import { mkdir, stat } from 'node:fs/promises'
import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TrustMaterial, TrustRoots } from '@countersign/verify'
import type { Demo } from './adapters/demo/demo-story.ts'
import type { DataKeys } from './adapters/keys/data-keys.ts'
import type { WhenAbsent } from './adapters/keys/key-file.ts'
import type { FirstPolicy } from './adapters/policy/policy-folder.ts'
import type { TrustFiles } from './adapters/trust/trust-files.ts'
import type { EvidenceLedger, LedgerEntry, LedgerParts } from './workflows/evidence-ledger.ts'
import type { SealedPolicy } from './workflows/policy-bundle.ts'
import type { IndexWitness } from './workflows/ports/evidence-index.ts'
import type { GitRepository } from './workflows/ports/git-repository.ts'
import type { ObjectVerifier } from './workflows/ports/object-verifier.ts'
import type { PolicySource } from './workflows/ports/policy-source.ts'
import type { VerifiedMemory } from './workflows/ports/verified-memory.ts'
import { Problem } from './workflows/problem.ts'

/**
 * The only file that names concrete adapters. Each is loaded when it is first asked for, because a command line that verifies
 * one commit must not wait for what it does not use.
 */

/** More threads than this would wait for git, not for cores. */
const MAX_THREADS = 8

export function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** The folder for log, keys and index: `--data`, else `COUNTERSIGN_DATA`, else the XDG data folder. */
export function dataFolder(given: string | undefined): string {
  const { COUNTERSIGN_DATA: variable, XDG_DATA_HOME: xdg } = process.env
  // A variable that is set to nothing is not set, as in the XDG specification.
  const home = xdg || join(homedir(), '.local', 'share')
  return resolve(given || variable || join(home, 'countersign'))
}

export async function openRepository(folder: string): Promise<GitRepository> {
  const { openGitRepository } = await import('./adapters/git/git-repository.ts')
  return openGitRepository(folder)
}

export async function readTrust(files: TrustFiles): Promise<TrustMaterial> {
  const { readTrustFiles } = await import('./adapters/trust/trust-files.ts')
  return readTrustFiles(files)
}

export async function openVerifier(
  repository: GitRepository,
  trust: TrustMaterial,
  roots: TrustRoots,
  options: { readonly now: number; readonly threads: number | undefined },
): Promise<ObjectVerifier> {
  const { createThreadedVerifier } = await import('./adapters/git/threaded-verifier.ts')
  const { folder, objectFormat } = repository
  const threads = options.threads ?? Math.min(availableParallelism(), MAX_THREADS)
  return createThreadedVerifier({ folder, objectFormat, trust, now: options.now }, roots, threads)
}

export async function openMemory(
  data: string,
  repository: GitRepository,
  trust: TrustMaterial,
): Promise<VerifiedMemory> {
  const { openVerifiedMemory } = await import('./adapters/memory/verified-memory-file.ts')
  return openVerifiedMemory(data, repository.folder, trust)
}

export async function openPolicies(repository: GitRepository): Promise<PolicySource> {
  const { repositoryPolicies } = await import('./adapters/policy/policy-folder.ts')
  return repositoryPolicies(repository)
}

export async function readFixedPolicy(folder: string): Promise<SealedPolicy> {
  const { readPolicyFolder } = await import('./adapters/policy/policy-folder.ts')
  return readPolicyFolder(folder)
}

export async function initialisePolicy(folder: string, trust: TrustMaterial): Promise<FirstPolicy> {
  const { writeFirstPolicy } = await import('./adapters/policy/policy-folder.ts')
  return writeFirstPolicy(folder, trust)
}

/** What the demo's story is, and what is expected of each change in it. */
export type { Demo, ToldChange } from './adapters/demo/demo-story.ts'

/** Makes an empty folder of its own for a demo, below the machine's temporary folder. */
export async function makeDemoFolder(): Promise<string> {
  const { makeDemoFolder: make } = await import('./adapters/demo/demo-home.ts')
  return make()
}

/** Refuses with `Problem` `program_missing` what {@link buildDemo} could not do. */
export async function requireDemoPrograms(): Promise<void> {
  const { DEMO_PROGRAMS, requirePrograms } = await import('./adapters/demo/demo-home.ts')
  requirePrograms(DEMO_PROGRAMS)
}

/** Builds the small real repository of `countersign demo` in an empty folder. */
export async function buildDemo(folder: string): Promise<Demo> {
  const { buildDemo: build } = await import('./adapters/demo/demo-story.ts')
  return build(folder, now())
}

/** The folders and files below the data folder. */
export function dataLayout(data: string): Record<'log' | 'blobs' | 'logKey' | 'evidenceKey', string> {
  return {
    log: join(data, 'log'),
    blobs: join(data, 'blobs'),
    logKey: join(data, 'keys', 'log.pem'),
    evidenceKey: join(data, 'keys', 'evidence.pem'),
  }
}

/** Opens the keys of a data folder. Rejects with `Problem` `data_folder_absent` where nothing was recorded; makes nothing. */
export async function openKeys(data: string): Promise<DataKeys> {
  if (!(await holdsLog(data))) throw new Problem('data_folder_absent', `there is no log in ${data}`)
  return keysIn(data, 'refuse')
}

async function keysIn(data: string, whenAbsent: WhenAbsent): Promise<DataKeys> {
  const { openDataKeys } = await import('./adapters/keys/data-keys.ts')
  const { evidenceKey, logKey } = dataLayout(data)
  return openDataKeys(evidenceKey, logKey, whenAbsent)
}

/** Whether a data folder holds anything that keys were made for: such keys are never made again. */
async function holdsLog(data: string): Promise<boolean> {
  const { log } = dataLayout(data)
  for (const path of [join(log, 'checkpoint'), join(log, 'tile'), join(data, 'index.jsonl')]) {
    try {
      await stat(path)
      return true
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') continue
      throw new Problem('data_folder_unusable', `${path} cannot be looked at`, { cause })
    }
  }
  return false
}

/** Opens the ledger in a data folder for writing, making keys and log when there are none. */
export async function openLedger(data: string): Promise<EvidenceLedger> {
  const [{ openTileFolder }, { blobFolder }, { openIndexFile }, { EvidenceLedger: Ledger }] = await Promise.all([
    import('./adapters/log/tile-folder.ts'),
    import('./adapters/log/blob-folder.ts'),
    import('./adapters/index/index-file.ts'),
    import('./workflows/evidence-ledger.ts'),
  ])
  const keys = await keysIn(data, (await holdsLog(data)) ? 'refuse' : 'make')
  const { evidenceKey: key, envelopeKey, logKey, logTrust, indexKey } = keys
  const layout = dataLayout(data)
  const log = await openTileFolder({ folder: layout.log, origin: logTrust.origin, key: logKey })
  try {
    await mkdir(layout.blobs, { recursive: true, mode: 0o700 })
    const index = openIndexFile(data, indexKey)
    return await Ledger.open({ log, blobs: blobFolder(layout.blobs), key, envelopeKey, index, logTrust })
  } catch (error) {
    await log.close()
    throw error
  }
}

/** Opens the ledger in a data folder for reading, also while another process writes it. Makes and changes nothing. */
export async function readLedger(data: string): Promise<EvidenceLedger> {
  const { EvidenceLedger: Ledger } = await import('./workflows/evidence-ledger.ts')
  return Ledger.open(await readParts(data, await openKeys(data)))
}

async function readParts(data: string, keys: DataKeys): Promise<LedgerParts & { readonly index: IndexWitness }> {
  const [{ readTileFolder }, { blobFolder }, { readIndexFile }] = await Promise.all([
    import('./adapters/log/read-tile-folder.ts'),
    import('./adapters/log/blob-folder.ts'),
    import('./adapters/index/index-file.ts'),
  ])
  const { evidenceKey: key, envelopeKey, logTrust, indexKey } = keys
  const layout = dataLayout(data)
  const index = await readIndexFile(data, indexKey)
  const log = await readTileFolder(layout.log, logTrust)
  return { log, blobs: blobFolder(layout.blobs), key, envelopeKey, index, logTrust }
}

/** Checks a data folder's log, then everything that its evidence names, and the index. Yields what is wrong, naming the file. */
export async function* fsckLog(
  data: string,
): AsyncIterable<{ readonly file: string; readonly code: string; readonly message: string }> {
  const [{ fsckFolder }, { checkEvidence }, { EvidenceLedger: Ledger }] = await Promise.all([
    import('./adapters/log/fsck.ts'),
    import('./workflows/check-evidence.ts'),
    import('./workflows/evidence-ledger.ts'),
  ])
  const keys = await openKeys(data)
  let sound = true
  for await (const finding of fsckFolder(dataLayout(data).log, keys.logTrust)) {
    if (finding.code !== 'beyond_checkpoint') sound = false
    yield { ...finding, file: join('log', finding.file) }
  }
  if (!sound) return
  const parts = await readParts(data, keys)
  yield* checkEvidence(Ledger.unlisted(parts), parts.index)
}

/** The first line that a program says of its version; null when it is not on PATH. */
export async function programVersion(name: string, args: readonly string[]): Promise<string | null> {
  const { execFile } = await import('node:child_process')
  return new Promise((done) => {
    execFile(name, args, (error, out, err) => done(error === null ? (`${out}${err}`.split('\n', 1)[0] ?? '') : null))
  })
}

/** What a packet is made from. */
export interface PacketRequest {
  readonly ledger: EvidenceLedger
  readonly entries: readonly LedgerEntry[]
  readonly repository: string | null
  readonly keys: DataKeys
  readonly now: number
}

/** Writes a packet of evidence to a zip or a folder that is not there yet. */
export async function exportPacketTo(target: string, { keys, ...request }: PacketRequest): Promise<void> {
  const [{ exportPacket }, { writePacket }] = await Promise.all([
    import('./reports/packet/export-packet.ts'),
    import('./reports/packet/write-packet.ts'),
  ])
  const { verifierKey, evidenceKey } = keys
  await writePacket(await exportPacket({ ...request, logKey: verifierKey, evidenceKey }), target)
}
