import { EvidenceError } from './evidence-error.ts'

/** The files that every packet holds; the rest lie in the folders that the functions below name. */
export const MANIFEST = 'manifest.json'
export const MANIFEST_ENVELOPE = 'manifest.dsse.json'
export const CHECKPOINT = 'checkpoint'
export const LOG_KEY = 'keys/log.vkey'
export const EVIDENCE_KEY = 'keys/evidence.pem'

/** The file of a log entry, of its proof, and of bytes that are named by their SHA-256. */
export const entryPath = (index: number): string => `entries/${index}.json`
export const proofPath = (index: number): string => `proofs/${index}.tlog-proof`
export const blobPath = (sha256: string): string => `blobs/${sha256}`

const SAFE = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/**
 * Establishes that paths are sorted, that no two are one file on some system, and that none leads out of its folder: plain
 * letters, digits, `.`, `_` and `-`, no part with a dot in front. Throws {@link EvidenceError} `bad_path`.
 */
export function requirePaths(paths: readonly string[]): void {
  const seen = new Set<string>()
  for (const [at, path] of paths.entries()) {
    if (!SAFE.test(path) || path.length > 200)
      throw new EvidenceError('bad_path', 'a path that a packet cannot hold', path)
    if (at > 0 && (paths[at - 1] as string) >= path) throw new EvidenceError('bad_path', 'not in order, or twice', path)
    const folded = path.toLowerCase()
    if (seen.has(folded)) throw new EvidenceError('bad_path', 'differs from another path in case only', path)
    seen.add(folded)
  }
}
