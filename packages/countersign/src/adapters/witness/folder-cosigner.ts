import { join } from 'node:path'
import { checkpointCosigner, type WitnessOutcome } from '../../workflows/cosign-checkpoint.ts'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import type { Cosigner } from '../../workflows/ports/witness.ts'
import { httpWitness } from './http-witness.ts'
import { readWitnessFolder, witnessSizesFile } from './witness-folder.ts'

/** Has the witnesses of a folder cosign a log's checkpoints. */
export interface FolderCosigner {
  /**
   * Returns a committed checkpoint with its cosignatures. Where the quorum is not reached in time, rejects with {@link EvidenceLogError}
   * `witnesses_missing`, or says so to `warn` and returns what there is: as the settings want.
   */
  readonly release: Cosigner

  /** Ends every wait. */
  close(): void
}

export interface FolderCosignerParts {
  /** Unix seconds. */
  readonly now: () => number
  /** Told, in one line, of a quorum that was not reached. */
  readonly warn: (text: string) => void
}

/**
 * The cosigner that a folder's policy and settings ask for; null where it has no policy. Nobody is asked yet. Rejects as
 * `readWitnessFolder` does.
 */
export async function openFolderCosigner(
  folder: string,
  { now, warn }: FolderCosignerParts,
): Promise<FolderCosigner | null> {
  const plan = await readWitnessFolder(folder)
  if (plan === null) return null
  const { whenAway, timeoutSeconds, clockSkewSeconds } = plan.settings
  const cosigner = checkpointCosigner({
    policy: plan.policy,
    witnesses: plan.policy.witnesses.map((identity) => httpWitness(identity, { clockSkewSeconds, now })),
    sizes: witnessSizesFile(join(folder, 'sizes.json')),
    timeoutMs: timeoutSeconds * 1_000,
  })
  return {
    async release(signed, consistency) {
      const { note, missing, outcomes } = await cosigner.cosign(signed, consistency)
      if (missing.length > 0) {
        const text = `too few witnesses cosigned ${signed.checkpoint.size} entries: ${missingText(missing, outcomes)}`
        if (whenAway === 'refuse') throw new EvidenceLogError('witnesses_missing', text)
        warn(text)
      }
      return { ...signed, note }
    },
    close: () => cosigner.close(),
  }
}

function missingText(missing: readonly string[], outcomes: readonly WitnessOutcome[]): string {
  return outcomes
    .flatMap((outcome) =>
      outcome.status === 'refused' && missing.includes(outcome.name) ? [`${outcome.message} (${outcome.code})`] : [],
    )
    .join('; ')
}
