import { promises as disk } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TrustMaterial, TrustRoots } from '@countersign/verify'
import type { Demo } from './adapters/demo/demo-story.ts'
import type { DataKeys } from './adapters/keys/data-keys.ts'
import type { WhenAbsent } from './adapters/keys/key-file.ts'
import type { Sender, SenderKeys } from './adapters/keys/sender-keys.ts'
import type { FirstPolicy } from './adapters/policy/policy-folder.ts'
import type { RetentionFiles } from './adapters/policy/retention-files.ts'
import type { DataStores } from './adapters/stores/open-stores.ts'
import type { TrustFiles } from './adapters/trust/trust-files.ts'
import type { FolderCosigner } from './adapters/witness/folder-cosigner.ts'
import type { OwnWitness } from './adapters/witness/own-witness.ts'
import type { LogKeyring } from './judge/log-keys/log-keyring.ts'
import type { EvidenceLedger, LedgerEntry, LedgerParts } from './workflows/evidence-ledger.ts'
import type { SealedPolicy } from './workflows/policy-bundle.ts'
import type { GitRepository } from './workflows/ports/git-repository.ts'
import type { ObjectStore } from './workflows/ports/object-store.ts'
import type { ObjectVerifier } from './workflows/ports/object-verifier.ts'
import type { PolicySource } from './workflows/ports/policy-source.ts'
import type { VerifiedMemory } from './workflows/ports/verified-memory.ts'
import { Problem } from './workflows/problem.ts'
import type { WitnessParts } from './workflows/witness-checkpoint.ts'

/**
 * The only place that names concrete adapters, with the files in `wire/`. Each is loaded when it is first asked for, because a command
 * line that verifies one commit must not wait for what it does not use.
 */

/** More threads than this would wait for git, not for cores. */
const MAX_THREADS = 8

export function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** The folder for the log, its record and its keys: `--data`, else `COUNTERSIGN_DATA`, else the XDG data folder. */
export function dataFolder(given: string | undefined): string {
  const { COUNTERSIGN_DATA: variable, XDG_DATA_HOME: xdg } = process.env
  // A variable that is set to nothing is not set, as in the XDG specification.
  const home = xdg || join(homedir(), '.local', 'share')
  return resolve(given || variable || join(home, 'countersign'))
}

export async function openRepository(folder: string, revisions?: readonly string[]): Promise<GitRepository> {
  const { openGitRepository } = await import('./adapters/git/git-repository.ts')
  return openGitRepository(folder, revisions)
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
export function dataLayout(data: string): Record<'record' | 'log' | 'senders' | 'logKey' | 'evidenceKey', string> {
  return {
    record: join(data, 'evidence.db'),
    log: join(data, 'log'),
    senders: join(data, 'keys', 'senders'),
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

/** Whether there is anything that the keys of a data folder were made for: such keys are never made again. */
async function holdsLog(data: string): Promise<boolean> {
  const { record, log } = dataLayout(data)
  for (const path of [record, join(log, 'checkpoint'), join(log, 'tile'), join(data, 'index.jsonl')]) {
    if (await isThere(path)) return true
  }
  const { isLogBegun } = await import('./wire/data-stores.ts')
  return isLogBegun(await dataStores(data))
}

async function dataStores(data: string): Promise<DataStores> {
  return (await import('./wire/data-stores.ts')).dataStores(data)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await disk.stat(path)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false
    throw new Problem('data_folder_unusable', `${path} cannot be looked at`, { cause })
  }
}

/**
 * Opens the ledger in a data folder for writing, making keys and log when there are none. `warn` is told, in one line, when too few
 * witnesses cosign and the log goes on all the same.
 */
export async function openLedger(data: string, warn: (text: string) => void = () => {}): Promise<EvidenceLedger> {
  const { EvidenceLedger: Ledger } = await import('./workflows/evidence-ledger.ts')
  return new Ledger(await openData(data, 'write', warn))
}

/** Opens everything in a data folder; closing its log lets go of it. For writing, makes keys and log when there are none. */
export async function openData(
  data: string,
  mode: 'read' | 'write',
  warn: (text: string) => void = () => {},
): Promise<DataParts> {
  const isBegun = mode === 'read' || (await holdsLog(data))
  const keys = isBegun ? await openKeys(data) : await keysIn(data, 'make')
  if (isBegun) await requireRecord(data)
  return ledgerParts(data, keys, mode, warn)
}

/** What a data folder holds: the ledger's parts, the files that blobs and checkpoints of senders lie among, and senders. */
export interface DataParts extends LedgerParts {
  readonly objects: ObjectStore
  readonly senders: readonly Sender[]
}

/** What a data folder says of how long evidence is kept. */
export async function openRetention(objects: ObjectStore): Promise<RetentionFiles> {
  return (await import('./adapters/policy/retention-files.ts')).retentionFiles(objects)
}

/** The senders whose evidence a data folder takes. */
export async function openSenders(data: string): Promise<SenderKeys> {
  return (await import('./adapters/keys/sender-keys.ts')).senderKeys(dataLayout(data).senders)
}

/** Opens the ledger in a data folder for reading, also while another process writes it. Makes and changes nothing. */
export async function readLedger(data: string): Promise<EvidenceLedger> {
  const { EvidenceLedger: Ledger } = await import('./workflows/evidence-ledger.ts')
  return new Ledger(await openData(data, 'read'))
}

/** Refuses a folder that holds tiles of a log and no database with `Problem` `record_missing`. */
export async function requireRecord(data: string): Promise<void> {
  const { hasRecord } = await import('./wire/data-stores.ts')
  const stores = await dataStores(data)
  if (await hasRecord(stores)) return
  throw new Problem('record_missing', `there is a log of ${data}, and no ${stores.recordName}`)
}

async function ledgerParts(
  data: string,
  keys: DataKeys,
  mode: 'read' | 'write',
  warn: (text: string) => void = () => {},
): Promise<DataParts> {
  const [{ openLogOn, requireWitnessed }, { blobStoreOver }] = await Promise.all([
    import('./wire/data-stores.ts'),
    import('./adapters/stores/blob-store.ts'),
  ])
  const { evidenceKey: key, envelopeKey, logKey, logTrust, indexKey } = keys
  const senders = await (await openSenders(data)).list()
  const stores = await dataStores(data)
  const objects = await stores.openObjects()
  // Whoever only reads asks nobody: what was cosigned is what was published.
  const cosigner = mode === 'write' ? await openCosigner(data, warn) : null
  if (cosigner !== null) await requireWitnessed(stores, join(data, 'witnesses'))
  const cosigned = cosigner === null ? {} : { cosign: cosigner.release }
  return {
    log: await openLogOn(stores, { key: logKey, trust: logTrust, indexKey, ...cosigned }, mode),
    blobs: blobStoreOver(objects),
    ...{ key, envelopeKey, logTrust, objects, senders },
    senderKeys: senders.map((sender) => sender.key),
  }
}

async function openCosigner(data: string, warn: (text: string) => void): Promise<FolderCosigner | null> {
  const { openFolderCosigner } = await import('./adapters/witness/folder-cosigner.ts')
  return openFolderCosigner(join(data, 'witnesses'), { now, warn })
}

/**
 * Gives the log in a data folder a new key, or finishes a change that was cut off. Returns every key that the log has had, with its
 * sizes. Nothing in the log, and no receipt, becomes invalid by it.
 */
export async function rotateLogKey(data: string, warn: (text: string) => void): Promise<LogKeyring> {
  const { evidenceKey, ...keys } = await openKeys(data)
  await requireRecord(data)
  const [{ rotateLogKey: rotate }, { dataKeyFiles }] = await Promise.all([
    import('./adapters/keys/rotate-log-key.ts'),
    import('./adapters/keys/data-keys.ts'),
  ])
  return rotate({
    files: dataKeyFiles(dataLayout(data).logKey),
    openLog: async ({ key, trust }) => {
      const current = { ...keys, evidenceKey, logKey: key, logTrust: trust }
      return (await ledgerParts(data, current, 'write', warn)).log
    },
    evidenceKey,
    now,
  })
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

/**
 * Opens the witness in a data folder, making it when there is none; `name` is the one that it gets or must have. Rejects with
 * `Problem` `witness_state_missing` when there is its key but not what it has signed.
 */
export async function openOwnWitness(data: string, name: string | undefined): Promise<OwnWitness> {
  const [{ openWitnessDatabase }, { nameWitness }, { openKeyFile }] = await Promise.all([
    import('./adapters/witness/witness-database.ts'),
    import('./adapters/witness/own-witness.ts'),
    import('./adapters/keys/key-file.ts'),
  ])
  const [database, keyFile] = [join(data, 'witness.db'), join(data, 'keys', 'witness.pem')]
  if (!(await isThere(database)) && (await isThere(keyFile))) {
    throw new Problem('witness_state_missing', `there is ${keyFile}, but no ${database}`)
  }
  const state = openWitnessDatabase(database)
  try {
    // The name is given last, so that a witness without one was never begun and may still get its key.
    const key = await openKeyFile(keyFile, (await state.name()) === null ? 'make' : 'refuse')
    return await nameWitness(key, state, name)
  } catch (error) {
    await state.close()
    throw error
  }
}

/** Makes a witness ready to cosign for the logs that a policy file names. */
export async function witnessForLogs(witness: OwnWitness, policyFile: string): Promise<WitnessParts> {
  const [{ readWitnessPolicy }, { witnessFor }] = await Promise.all([
    import('./adapters/witness/witness-folder.ts'),
    import('./adapters/witness/own-witness.ts'),
  ])
  return witnessFor(witness, (await readWitnessPolicy(policyFile)).logs, now)
}
