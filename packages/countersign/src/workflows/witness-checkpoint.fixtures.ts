import {
  consistencyProof,
  cosignatureKey,
  ed25519NoteKey,
  leafHash,
  type NoteSigner,
  nodeHash,
  rangeRoot,
  signCheckpoint,
  utf8,
} from '@countersign/verify'
import {
  LOG_ORIGIN,
  LOG_VKEY,
  logSigner,
  witnessSigner,
  witnessVkey,
} from '../judge/witness-policy/witness-policy.fixtures.ts'
import type { SignedCheckpoint } from './ports/evidence-log.ts'
import type { WitnessState } from './ports/witness-state.ts'
import type { WitnessParts } from './witness-checkpoint.ts'
import { formatAddCheckpoint } from './witness-checkpoint-request.ts'

/** A log that says what it is told to, honest or not. */
export interface ToldLog {
  signed(size: number): SignedCheckpoint
  proof(from: number, to: number): readonly Uint8Array[]
  /** An add-checkpoint request, with the proof that an honest log would send. */
  request(oldSize: number, size: number): Uint8Array
}

/** A log of `size` entries at most. Two with different `from` agree on the entries before it and on none after: a fork. */
export function toldLog({ size = 64, fork = '', from = 0, signer = logSigner(), origin = LOG_ORIGIN } = {}): ToldLog {
  const rows: Uint8Array[][] = [
    Array.from({ length: size }, (_, at) => leafHash(utf8(at < from ? `entry ${at}` : `entry ${at}${fork}`))),
  ]
  for (let level = 0; (rows[level]?.length ?? 0) > 1; level++) {
    const row = rows[level] as Uint8Array[]
    rows.push(
      Array.from({ length: row.length >> 1 }, (_, at) =>
        nodeHash(row[2 * at] as Uint8Array, row[2 * at + 1] as Uint8Array),
      ),
    )
  }
  const node = (level: number, index: number): Uint8Array => rows[level]?.[index] as Uint8Array
  const signed = (length: number): SignedCheckpoint => signedBy(signer, origin, length, rangeRoot(0, length, node))
  const proof = (old: number, length: number): readonly Uint8Array[] =>
    old === 0 || old === length ? [] : consistencyProof(old, length, node)
  const request = (oldSize: number, length: number): Uint8Array =>
    utf8(
      formatAddCheckpoint({
        oldSize,
        proof: oldSize > length ? [] : proof(oldSize, length),
        note: signed(length).note,
      }),
    )
  return { signed, proof, request }
}

export function signedBy(signer: NoteSigner, origin: string, size: number, root: Uint8Array): SignedCheckpoint {
  const checkpoint = { origin, size, root, extensions: [] }
  return { note: signCheckpoint(checkpoint, [signer]), checkpoint }
}

/** The witness of the tests; everybody knows its key. */
export const WITNESS_BYTE = 40
export const WITNESS_VKEY = witnessVkey(WITNESS_BYTE)
export const TEST_TIME = 1_800_000_000

/** A witness that knows the log of the fixtures, and remembers in `state`. */
export function testWitness(state: WitnessState, changes: Partial<WitnessParts> = {}): WitnessParts {
  return {
    key: cosignatureKey(WITNESS_VKEY),
    signerAt: (time) => witnessSigner(WITNESS_BYTE, time),
    logs: new Map([[LOG_ORIGIN, [ed25519NoteKey(LOG_VKEY)]]]),
    state,
    now: () => TEST_TIME,
    ...changes,
  }
}
