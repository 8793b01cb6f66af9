import { indexRows, type SealedBlock } from '../seal-block.ts'
import type { UnsealedRows } from '../unsealed-rows.ts'
import { bigintArray, byteaArray, textArray } from './binary-arrays.ts'
import type { StoreGround } from './follow-rows.ts'

/**
 * Puts rows into the index behind the commits that wrote them, in whole blocks and in order, on a connection of its own. Until then
 * they are found by looking through them, so nothing depends on when it happens, and what a crash left out the next commit makes up for.
 */
export interface BlockSealer {
  /** Resolves at once, unless more rows wait than a search should have to look through. */
  soon(): Promise<void>
  /** Resolves when nothing is under way. Never rejects. */
  settled(): Promise<void>
}

export function blockSealer({ shape, connections, statements }: StoreGround, unsealed: UnsealedRows): BlockSealer {
  const { blockRows } = shape
  let sealing: Promise<void> | null = null

  const seal = async (): Promise<void> => {
    while (unsealed.size - unsealed.start >= blockRows) {
      const { generation } = unsealed
      const blocks = unsealed.sealed(blockRows, BLOCKS_AT_ONCE)
      const [done] = await connections.writeBeside<{ next: string }>(statements.seal, sealValues(blocks))
      if (unsealed.generation !== generation) return
      const border = Number(done?.next) * blockRows
      // Another process may have been quicker, and with rows that came after those that are here.
      if (border > unsealed.size) return unsealed.forget()
      unsealed.drop(border)
    }
  }

  return {
    async soon() {
      if (unsealed.size - unsealed.start < blockRows) return
      sealing ??= seal()
        // The rows are safe where they are, and the next commit tries again; but where the border is must be asked for.
        .catch(() => unsealed.forget())
        .finally(() => {
          sealing = null
        })
      if (unsealed.size - unsealed.start >= MOST_UNSEALED) await sealing
    },
    settled: async () => {
      await sealing
    },
  }
}

const BLOCKS_AT_ONCE = 16
const MOST_UNSEALED = 16_384

/** The parameters of `seal_blocks`, in its order. */
function sealValues(blocks: readonly SealedBlock[]): readonly Buffer[] {
  const { postings, known } = indexRows(blocks)
  return [
    bigintArray(postings.map(({ key }) => key)),
    bigintArray(postings.map(({ block }) => block)),
    byteaArray(postings.map(({ places }) => places)),
    bigintArray(blocks.map(({ block }) => block)),
    textArray(blocks.map(({ recordedMin }) => recordedMin)),
    textArray(blocks.map(({ recordedMax }) => recordedMax)),
    bigintArray(known.map(({ key }) => key)),
    bigintArray(known.map(({ seq }) => seq)),
  ]
}
