import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, type LogTrust, sha256Hex, utf8 } from '@countersign/verify'
import type { LogKeyring } from '../../judge/log-keys/log-keyring.ts'
import type { EvidenceLog, Receipt, SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import type { Cosigner } from '../../workflows/ports/witness.ts'
import { evidenceKey } from '../../workflows/statement-log.fixtures.ts'
import { evidenceOf, type TestGround, testGround } from '../log/log.fixtures.ts'
import { openSequencedLog } from '../log/sequenced-log.ts'
import { type LogKeyFiles, type LogKeys, logKeyFiles } from './log-key-files.ts'
import type { RotationParts } from './rotate-log-key.ts'

const { key: EVIDENCE_KEY, envelopeKey } = evidenceKey(9)
const NOW = 1_800_000_000

/** What the evidence of these logs is verified with. */
export const EVIDENCE_VERIFIER = envelopeKey

export const originOf = (first: SigningKey): string => `countersign.local/${sha256Hex(first.publicKey).slice(0, 16)}`

/** A log in memory whose keys are real files, and what tests do to it. Its clock goes on by a second whenever it is looked at. */
export class LogWithKeys {
  readonly folder = mkdtempSync(join(tmpdir(), 'log-keys-'))
  readonly files: LogKeyFiles = logKeyFiles(join(this.folder, 'log.pem'), originOf)
  readonly ground = lasting(testGround())
  #clock = NOW

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Opens the log as a new process would. */
  async open(): Promise<EvidenceLog> {
    return this.openUnder(await this.files.open('refuse'))
  }

  openUnder({ keyring, trust, key }: LogKeys, cosign?: Cosigner): Promise<EvidenceLog> {
    const witnessed = cosign === undefined ? {} : { cosign }
    return openSequencedLog({ origin: keyring.origin, key, trust, publishPauseMs: 0, ...witnessed, ...this.ground })
  }

  /** Appends one entry as a process of its own; returns the receipt and what was published. */
  async appendOne(text: string): Promise<{ receipt: Receipt; published: string }> {
    const log = await this.open()
    const [receipt] = await log.append([evidenceOf(utf8(text))])
    await log.close()
    const published = (await this.ground.objects.get('checkpoint')) as Uint8Array
    return { receipt: receipt as Receipt, published: fromUtf8(published) }
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    const log = await this.open()
    const checkpoint = await log.checkpoint()
    await log.close()
    return checkpoint
  }

  async trust(): Promise<LogTrust> {
    return (await this.files.open('refuse')).trust
  }

  async keyring(): Promise<LogKeyring> {
    return (await this.files.open('refuse')).keyring
  }

  /** What a change of key needs. */
  rotation(change: Partial<RotationParts> = {}): RotationParts {
    return {
      files: this.files,
      openLog: (keys) => this.openUnder(keys),
      evidenceKey: EVIDENCE_KEY,
      now: () => this.#clock++,
      ...change,
    }
  }
}

/** An object with the methods of another, each of which can be replaced. */
export function bound<T extends object>(of: T): T {
  const names = new Set([...Object.keys(of), ...Object.getOwnPropertyNames(Object.getPrototypeOf(of))])
  const methods = [...names].flatMap((name) => {
    const method = of[name as keyof T]
    return typeof method === 'function' && name !== 'constructor' ? [[name, method.bind(of)]] : []
  })
  return Object.fromEntries(methods)
}

/** Everything that a change of key does, in order. */
export const STEPS = [
  'makeNext',
  'append announced',
  'close announced',
  'store new',
  'promote',
  'append completed',
  'close completed',
  'store settled',
] as const

/** A change of key that is cut off right before or right after one of its steps. */
export function cutOffAt(log: LogWithKeys, step: (typeof STEPS)[number], when: 'before' | 'after'): RotationParts {
  let [stores, opens] = [0, 0]
  const cut = async <T>(name: (typeof STEPS)[number], work: () => Promise<T>): Promise<T> => {
    if (name === step && when === 'before') throw new Error('cut off')
    const done = await work()
    if (name === step) throw new Error('cut off')
    return done
  }
  const { files } = log
  return log.rotation({
    files: {
      ...files,
      makeNext: () => cut('makeNext', () => files.makeNext()),
      store: (keyring) => cut(++stores === 1 ? 'store new' : 'store settled', () => files.store(keyring)),
      promote: () => cut('promote', () => files.promote()),
    },
    openLog: async (keys) => {
      const [opened, state] = [await log.openUnder(keys), ++opens === 1 ? 'announced' : 'completed'] as const
      return {
        ...bound(opened),
        append: (evidence) => cut(`append ${state}`, () => opened.append(evidence)),
        close: () => cut(`close ${state}`, () => opened.close()),
      }
    },
  })
}

/** Stores in memory that outlive the logs which close them, as files do. */
function lasting({ store, objects }: TestGround): TestGround {
  const close = async () => undefined
  return { store: { ...bound(store), close }, objects: { ...bound(objects), close } }
}
