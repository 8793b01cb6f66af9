import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ed25519PgpKey, type PgpKey, rsaPgpKey } from '../signers/openpgp-keys.ts'
import { pgpArmor } from '../signers/openpgp-packets.ts'
import { pgpCertificate, pgpSignature } from '../signers/openpgp-signer.ts'
import { ed25519SshKey } from '../signers/ssh-keys.ts'
import { sshArmor, sshsigBlob } from '../signers/sshsig.ts'
import { cachedFolder } from './cache.ts'
import { headerLines, type TreeEntry, treeBytes, withHeader } from './git-object.ts'
import { PackWriter } from './pack-writer.ts'
import { git, repositoryFromPack } from './repository.ts'

export type HistoryScheme = 'ssh-ed25519' | 'openpgp-ed25519' | 'openpgp-rsa4096'

export interface HistoryParameters {
  readonly scheme: HistoryScheme
  readonly commits: number
  readonly seed: string
}

/** A synthetic repository on disk. One of the two trust files holds every signer of its history. */
export interface SignedHistory {
  readonly repository: string
  readonly allowedSigners: string
  readonly keyring: string
  readonly commits: number
}

/** Bump when the bytes that a description stands for change. */
const VERSION = 1
const FIRST_COMMIT_TIME = 1_700_000_000
const KEY_TIME = 1_600_000_000
const FILES = 20
/** RSA keys are slow to draw and slow to sign with, and verifying does not depend on how many there are. */
const SIGNERS: Readonly<Record<HistoryScheme, number>> = {
  'ssh-ed25519': 8,
  'openpgp-ed25519': 8,
  'openpgp-rsa4096': 2,
}

/**
 * The linear signed history of these parameters: per commit one new blob, one tree of 20 files and the signed commit.
 *
 * Same parameters, same bytes, except that RSA keys are drawn afresh. Made once and kept in the cache.
 */
export function signedHistory(parameters: HistoryParameters): SignedHistory {
  const folder = cachedFolder(JSON.stringify(['history', VERSION, parameters]), (unfinished) => {
    makeHistory(parameters, unfinished)
  })
  return historyIn(folder, parameters.commits)
}

/** Writes the history into an empty folder; {@link signedHistory} is the same with a cache. */
export function makeHistory({ scheme, commits, seed }: HistoryParameters, folder: string): SignedHistory {
  const history = historyIn(folder, commits)
  const signers = makeSigners(scheme, seed)
  const packFile = join(folder, 'objects.pack')
  const pack = new PackWriter(packFile, 'sha1', FILES + 3 * commits)
  const entries: TreeEntry[] = []
  for (let file = 0; file < FILES; file += 1) {
    const name = `file-${String(file).padStart(2, '0')}.yaml`
    entries.push({ mode: '100644', name, id: pack.add('blob', Buffer.from(`${seed} ${name}\n`)) })
  }
  let tip: string | null = null
  for (let index = 0; index < commits; index += 1) {
    const at = index % FILES
    const blob = pack.add('blob', Buffer.from(`${seed} replicas: ${index}\n`))
    entries[at] = { ...(entries[at] as TreeEntry), id: blob }
    const tree = pack.add('tree', treeBytes(entries)).toString('hex')
    const signer = signers[index % signers.length] as HistorySigner
    const unsigned = commitText(tree, tip, signer.name, index)
    tip = pack.add('commit', withHeader(unsigned, headerLines('gpgsig', signer.sign(unsigned)))).toString('hex')
  }
  pack.finish()
  repositoryFromPack(history.repository, 'sha1', packFile, new Map(tip === null ? [] : [['refs/heads/main', tip]]))
  writeFileSync(history.allowedSigners, signers.map(({ allowed }) => allowed).join(''))
  writeFileSync(history.keyring, Buffer.concat(signers.map(({ certificate }) => certificate)))
  return history
}

/** Puts one more signed commit on the history's branch and returns its hex id. The repository must not be the cached one. */
export function appendCommit(repository: string, { scheme, commits, seed }: HistoryParameters): string {
  if (scheme === 'openpgp-rsa4096') throw new Error('the RSA keys of a history are not kept')
  const signer = makeSigners(scheme, seed)[0] as HistorySigner
  const tree = git(repository, ['rev-parse', 'refs/heads/main^{tree}']).trim()
  const parent = git(repository, ['rev-parse', 'refs/heads/main']).trim()
  const unsigned = commitText(tree, parent, signer.name, commits)
  const body = withHeader(unsigned, headerLines('gpgsig', signer.sign(unsigned)))
  const id = git(repository, ['hash-object', '-w', '-t', 'commit', '--stdin'], body.toString('latin1')).trim()
  git(repository, ['update-ref', 'refs/heads/main', id])
  return id
}

interface HistorySigner {
  readonly name: string
  readonly allowed: string
  readonly certificate: Buffer
  sign(payload: Buffer): string
}

function historyIn(folder: string, commits: number): SignedHistory {
  const at = (name: string) => join(folder, name)
  return { repository: at('repo.git'), allowedSigners: at('allowed_signers'), keyring: at('keyring.gpg'), commits }
}

function commitText(tree: string, parent: string | null, name: string, index: number): Buffer {
  const who = `${name} <${name}@example.com> ${FIRST_COMMIT_TIME + index * 60} +0000`
  const parents = parent === null ? '' : `parent ${parent}\n`
  const message = `Scale the service to ${index} replicas\n\nTicket: OPS-${1000 + index}\n`
  return Buffer.from(`tree ${tree}\n${parents}author ${who}\ncommitter ${who}\n\n${message}`)
}

function makeSigners(scheme: HistoryScheme, seed: string): HistorySigner[] {
  return Array.from({ length: SIGNERS[scheme] }, (_, index) => {
    const name = `dev${index}`
    const label = `${seed} ${scheme} ${name}`
    if (scheme === 'ssh-ed25519') return sshSigner(name, label)
    if (scheme === 'openpgp-ed25519') return pgpSigner(name, ed25519PgpKey(label, KEY_TIME))
    return pgpSigner(name, rsaPgpKey(generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey, KEY_TIME))
  })
}

function sshSigner(name: string, label: string): HistorySigner {
  const key = ed25519SshKey(label)
  const allowed = `${name}@example.com namespaces="git" ${key.type} ${key.blob.toString('base64')}\n`
  const sign = (payload: Buffer) => sshArmor(sshsigBlob(key, payload))
  return { name, allowed, certificate: Buffer.alloc(0), sign }
}

function pgpSigner(name: string, key: PgpKey): HistorySigner {
  const certificate = pgpCertificate({ primary: key, userIds: [`${name} <${name}@example.com>`] })
  let signedAt = FIRST_COMMIT_TIME
  const sign = (payload: Buffer) => {
    signedAt += 60
    return pgpArmor(pgpSignature(key, payload, { created: signedAt }))
  }
  return { name, allowed: '', certificate, sign }
}
