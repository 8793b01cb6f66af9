import { LogStoreError } from '../../../workflows/ports/log-store.ts'
import { type TermColumns, unpackTerms } from '../bundles.ts'
import type { UnsealedRows } from '../unsealed-rows.ts'
import type { Connections } from './connections.ts'
import type { SchemaShape } from './schema-tables.ts'
import type { StoreStatements } from './statements.ts'

/** The tables of a store and how to ask them. */
export interface StoreGround {
  readonly shape: SchemaShape
  readonly connections: Connections
  readonly statements: StoreStatements
}

/**
 * Takes in what others wrote, up to a size that the record is believed to have: a process that commits must know the newest rows, since a
 * commit is checked against the index by the database and against these here. Rejects with {@link LogStoreError} `head_moved` when the
 * record has fewer rows.
 */
export async function followRows(unsealed: UnsealedRows, size: number, ground: StoreGround): Promise<void> {
  const { connections, statements, shape } = ground
  if (!unsealed.isReliable || size < unsealed.size) {
    unsealed.forget()
    const [row] = await connections.read<{ sealed: string }>(statements.sealed, [])
    unsealed.restart(Number(row?.sealed ?? 0) * shape.blockRows)
  }
  while (unsealed.size < size) {
    const rows = await connections.read<TermColumns>(statements.terms, [unsealed.size, size, BUNDLES_PER_PAGE])
    unsealed.add(rows.flatMap(unpackTerms).map(({ terms }) => terms))
    if (rows.length === 0) throw new LogStoreError('head_moved', `the log has fewer than ${size} entries`)
  }
}

const BUNDLES_PER_PAGE = 64
