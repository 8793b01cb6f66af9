import type { EvidenceTerms } from '../../../workflows/ports/evidence-log.ts'
import { type LogRow, LogStoreError } from '../../../workflows/ports/log-store.ts'
import type { Connections } from './connections.ts'
import { type TermColumns, termsOfRow } from './evidence-rows.ts'
import type { SchemaShape } from './schema-tables.ts'
import { type SealedBlock, sealBlock, sealValues } from './seal-block.ts'
import type { StoreStatements } from './statements.ts'

/**
 * Puts rows into the index behind the commits that wrote them, in whole blocks and in order, on a connection of its own. Until then
 * they are found by looking through them, so nothing depends on when it happens, and what a crash left out the next commit makes up for.
 */
export interface BlockSealer {
  /** Takes note of rows that were committed. Resolves at once, unless more rows wait than a search should have to look through. */
  committed(rows: readonly LogRow[]): Promise<void>
  /** Resolves when nothing is under way. Never rejects. */
  settled(): Promise<void>
}

export interface BlockSealerParts {
  readonly shape: SchemaShape
  readonly connections: Connections
  readonly statements: StoreStatements
}

export function blockSealer({ shape, connections, statements }: BlockSealerParts): BlockSealer {
  const { blockRows } = shape
  const fresh = new Map<number, EvidenceTerms>()
  let size = 0
  /** The block that is sealed next; null while it must be asked for. */
  let next: number | null = null
  let sealing: Promise<void> | null = null

  const termsOf = async (block: number): Promise<readonly EvidenceTerms[]> => {
    const first = block * blockRows
    const kept = Array.from({ length: blockRows }, (_, place) => fresh.get(first + place))
    if (!kept.includes(undefined)) return kept as readonly EvidenceTerms[]
    const rows = await connections.read<TermColumns>(statements.forward, [first, first + blockRows - 1, blockRows])
    if (rows.length === blockRows) return rows.map((row) => termsOfRow(row).terms)
    throw new LogStoreError('store_corrupt', `the record lacks rows from ${first} on`)
  }

  const sealNext = async (): Promise<void> => {
    if (next === null) {
      const [row] = await connections.read<{ sealed: string }>(statements.sealed, [])
      next = Number(row?.sealed ?? 0)
    }
    while ((next + 1) * blockRows <= size) {
      const end = Math.min(next + BLOCKS_AT_ONCE, Math.floor(size / blockRows))
      const blocks: SealedBlock[] = []
      for (let block = next; block < end; block++) blocks.push(sealBlock(block, await termsOf(block)))
      const [done] = await connections.writeBeside<{ next: string }>(statements.seal, sealValues(blocks))
      for (let index = next * blockRows; index < end * blockRows; index++) fresh.delete(index)
      next = Number(done?.next ?? end)
    }
  }

  const seal = async (): Promise<void> => {
    try {
      await sealNext()
    } catch {
      // The rows are safe where they are; the next commit tries again.
      fresh.clear()
      next = null
    }
  }

  return {
    async committed(rows) {
      for (const { index, terms } of rows) {
        fresh.set(index, terms)
        size = index + 1
      }
      if (fresh.size >= blockRows) {
        sealing ??= seal().finally(() => {
          sealing = null
        })
      }
      if (fresh.size >= MOST_FRESH) await sealing
    },
    settled: async () => {
      await sealing
    },
  }
}

const BLOCKS_AT_ONCE = 16
const MOST_FRESH = 16_384
