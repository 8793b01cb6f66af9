import {
  type Checkpoint,
  ED25519_NOTE,
  ed25519NoteKey,
  ed25519NoteSigner,
  emptyRoot,
  formatVerifierKey,
  MAX_ENTRY_BYTES,
  type NoteSigner,
  signCheckpoint,
} from '@countersign/verify'
import {
  type EvidenceLog,
  EvidenceLogError,
  type LoggedEntry,
  type Receipt,
  type SignedCheckpoint,
} from '../../workflows/ports/evidence-log.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import { type CommitPlan, planCommit, planReceipts } from './commit-plan.ts'
import { type CommitWriter, commitWriter, MAX_COMMIT_ENTRIES, translated } from './commit-writer.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { claimFolder, type Release } from './folder-lock.ts'
import { type LogReader, logReader } from './log-reader.ts'
import { type LogState, recoverLog } from './recover-log.ts'
import { type TileReader, tileReader } from './tile-reader.ts'
import { edgeRoot } from './tree-edge.ts'

/** Which log a folder holds. */
export interface TileFolderOptions {
  readonly folder: string
  /** The origin line of its checkpoints and the name of its key: a URL without scheme, without spaces and plus signs. */
  readonly origin: string
  readonly key: Pick<SigningKey, 'publicKey' | 'sign'>
}

/** What the log stands on; replaced only by tests. */
export interface TileFolderGround {
  readonly disk: Disk
  readonly claim: (folder: string) => Promise<Release>
}

/**
 * Opens the log in a folder for writing, making it when there is none. The folder is laid out as c2sp.org/tlog-tiles says, so
 * that any static file server can publish it (all but the names that begin with a dot). Rejects with {@link EvidenceLogError}
 * `log_locked`, `log_corrupt`, `wrong_key`, `wrong_origin`, `disk_full` or `write_failed`.
 */
export async function openTileFolder(
  { folder, origin, key }: TileFolderOptions,
  { disk, claim }: TileFolderGround = { disk: nodeDisk, claim: claimFolder },
): Promise<EvidenceLog> {
  const release = await translated(() => claim(folder))
  try {
    const signer = ed25519NoteSigner(origin, key.publicKey, key.sign)
    const trust = { origin, keys: [ed25519NoteKey(formatVerifierKey(origin, ED25519_NOTE, key.publicKey))] }
    const sign = (size: number, root: Uint8Array): SignedCheckpoint => signState(origin, signer, size, root)
    const parts = { tiles: tileReader(folder, disk), writer: commitWriter(folder, disk), sign, release }
    const signEmpty = (): string => sign(0, emptyRoot()).note
    const state = await translated(() => recoverLog({ ...parts, root: folder, disk, trust, signEmpty }))
    return new TileFolder(parts, state)
  } catch (error) {
    await release()
    throw error
  }
}

interface TileFolderParts {
  readonly tiles: TileReader
  readonly writer: CommitWriter
  readonly sign: (size: number, root: Uint8Array) => SignedCheckpoint
  readonly release: Release
}

interface WaitingAppend {
  readonly entries: readonly Uint8Array[]
  readonly resolve: (receipts: readonly Receipt[]) => void
  readonly reject: (error: unknown) => void
}

/** A commit whose checkpoint is signed. It must be published before anything else is signed, or the log would fork. */
interface SignedCommit {
  readonly plan: CommitPlan
  readonly signed: SignedCheckpoint
}

class TileFolder implements EvidenceLog {
  readonly #parts: TileFolderParts
  readonly #reader: LogReader
  #state: LogState
  #unpublished: SignedCommit | null = null
  #hasLeftovers = false
  #outgrown: readonly string[] = []
  #waiting: WaitingAppend[] = []
  #writing: Promise<void> | null = null
  #isClosed = false

  constructor(parts: TileFolderParts, state: LogState) {
    this.#parts = parts
    this.#reader = logReader(parts.tiles)
    this.#state = state
  }

  async append(entries: readonly Uint8Array[]): Promise<readonly Receipt[]> {
    if (this.#isClosed) throw new EvidenceLogError('log_closed', 'the log was closed')
    if (entries.length > MAX_COMMIT_ENTRIES) {
      throw new EvidenceLogError('too_many_entries', `${entries.length} entries at once, ${MAX_COMMIT_ENTRIES} at most`)
    }
    const tooLarge = entries.find(({ length }) => length > MAX_ENTRY_BYTES)
    if (tooLarge !== undefined) {
      throw new EvidenceLogError('entry_too_large', `an entry of ${tooLarge.length} bytes, ${MAX_ENTRY_BYTES} at most`)
    }
    if (entries.length === 0) return []
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, resolve, reject })
      this.#writing ??= this.#writeAllWaiting()
    })
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    return this.#state.signed
  }

  entries(from: number, to: number): AsyncIterable<LoggedEntry> {
    return this.#reader.entries(this.#state.signed, from, to)
  }

  receipt(index: number): Promise<Receipt> {
    return this.#reader.receipt(this.#state.signed, index)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
    await this.#parts.release()
  }

  /** Groups all that waits into one commit, again and again, until nothing waits. */
  async #writeAllWaiting(): Promise<void> {
    // One turn of the event loop, so that callers that come together are written together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        const receipts = await translated(() => this.#commit(group.flatMap(({ entries }) => entries)))
        let at = 0
        for (const { entries, resolve } of group) {
          resolve(receipts.slice(at, at + entries.length))
          at += entries.length
        }
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
      await this.#removeOutgrown()
    }
    this.#writing = null
  }

  #takeGroup(): readonly WaitingAppend[] {
    let [appends, entries] = [0, 0]
    for (const append of this.#waiting) {
      entries += append.entries.length
      if (entries > MAX_COMMIT_ENTRIES) break
      appends += 1
    }
    return this.#waiting.splice(0, appends)
  }

  async #commit(entries: readonly Uint8Array[]): Promise<readonly Receipt[]> {
    await this.#publish()
    const { writer, sign } = this.#parts
    if (this.#hasLeftovers) await writer.removeBeyond(this.#state.signed.checkpoint.size)
    const plan = planCommit(this.#state.tail, entries)
    this.#hasLeftovers = true
    await writer.placeTiles(plan.files)
    const signed = sign(plan.grown.size, edgeRoot(plan.grown))
    this.#unpublished = { plan, signed }
    this.#hasLeftovers = false
    await this.#publish()
    return planReceipts(plan, signed.note)
  }

  async #publish(): Promise<void> {
    if (this.#unpublished === null) return
    const { plan, signed } = this.#unpublished
    await this.#parts.writer.publish(signed.note)
    this.#state = { signed, tail: plan.tail }
    this.#outgrown = plan.outgrown
    this.#unpublished = null
  }

  async #removeOutgrown(): Promise<void> {
    const folders = this.#outgrown
    this.#outgrown = []
    try {
      await this.#parts.writer.removeOutgrown(folders)
    } catch {
      // The specification lets outgrown tiles stay; they cost space and nothing else.
    }
  }
}

function signState(origin: string, signer: NoteSigner, size: number, root: Uint8Array): SignedCheckpoint {
  const checkpoint: Checkpoint = { origin, size, root, extensions: [] }
  return { note: signCheckpoint(checkpoint, [signer]), checkpoint }
}
