import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TrustMaterial, VERDICTS } from '@countersign/verify'
import type { Remembered, VerifiedMemory } from '../../workflows/ports/verified-memory.ts'
import { Problem } from '../../workflows/problem.ts'

const FORMAT = 'countersign.dev/verified/v1'
const NOTHING: Remembered = { commits: [], tags: [], tally: {} }

/**
 * A memory in one file for each repository folder and set of keys. Whoever can write the data folder can also make this
 * skip objects: it saves time for its owner and proves nothing to anybody else.
 *
 * Reads and writes at once: one small file takes less than loading `node:fs/promises` does.
 */
export function openVerifiedMemory(dataFolder: string, repositoryFolder: string, trust: TrustMaterial): VerifiedMemory {
  const file = join(dataFolder, 'verified', `${nameOf(repositoryFolder, trust)}.json`)
  return {
    async recall() {
      try {
        const stored: unknown = JSON.parse(readFileSync(file, 'utf8'))
        if (!isRemembered(stored)) return NOTHING
        const { commits, tags, tally } = stored
        return { commits, tags, tally }
      } catch {
        return NOTHING
      }
    },
    async remember({ commits, tags, tally }) {
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
        writeFileSync(`${file}.new`, JSON.stringify({ format: FORMAT, commits, tags, tally }), { mode: 0o600 })
        renameSync(`${file}.new`, file)
      } catch (cause) {
        const code = cause instanceof Error && 'code' in cause ? cause.code : null
        const isFull = code === 'ENOSPC' || code === 'EDQUOT'
        throw new Problem(isFull ? 'disk_full' : 'data_folder_unusable', `${file} cannot be written`, { cause })
      }
    },
  }
}

function nameOf(repositoryFolder: string, trust: TrustMaterial): string {
  const hash = createHash('sha256').update(`${FORMAT}\0${repositoryFolder}\0`)
  const { allowedSigners, keyrings, x509Roots, revoked, logKeys = [] } = trust
  for (const parts of [allowedSigners, keyrings, x509Roots, revoked, logKeys]) {
    hash.update(`${parts.length}\0`)
    for (const part of parts) hash.update(`${part.length}\0`).update(part)
  }
  return hash.digest('hex').slice(0, 40)
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FORMAT) return false
  const ids = (list: unknown): boolean =>
    Array.isArray(list) && list.every((id) => typeof id === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id))
  const counts = (tally: unknown): boolean =>
    typeof tally === 'object' && tally !== null && Object.entries(tally).every(isCount)
  const hasIds = 'commits' in value && ids(value.commits) && 'tags' in value && ids(value.tags)
  return hasIds && 'tally' in value && counts(value.tally)
}

/** Exit codes are made from remembered verdicts, so a word that is none must not pass for one. */
function isCount([key, count]: readonly [string, unknown]): boolean {
  const isVerdict = VERDICTS.some((verdict) => key === `verdict:${verdict}`)
  return Number.isSafeInteger(count) && (isVerdict || !key.startsWith('verdict:'))
}
