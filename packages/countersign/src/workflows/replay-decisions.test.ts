import { sealChangeInputs } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { TEST_TRUST } from '../adapters/log/log.fixtures.ts'
import { blobStoreOver } from '../adapters/stores/blob-store.ts'
import { memoryObjects } from '../adapters/stores/memory/object-store.ts'
import type { ChangeInputs } from '../judge/read-facts.ts'
import { ENGINE } from './engine.ts'
import { EvidenceLedger } from './evidence-ledger.ts'
import { type Decided, makeDecision } from './make-decision.ts'
import { replayDecisions } from './replay-decisions.ts'
import { evidenceKey, openStatementLog } from './statement-log.fixtures.ts'

const INPUTS: ChangeInputs = {
  change: {
    ...{ kind: 'direct', repository: 'https://git.example/shop', ref: 'refs/heads/main' },
    ...{ object: '1'.repeat(40), base: '2'.repeat(40) },
  },
  objectFormat: 'sha1',
  objects: [],
  unreadable: [{ object: '1'.repeat(40), reason: 'missing' }],
  evaluatedAt: 1_772_323_800,
}
const OLDER = { name: ENGINE.name, version: '0.0.1' }

async function isSame(change: Partial<Decided>): Promise<boolean | undefined> {
  const { log } = await openStatementLog()
  const { key, envelopeKey } = evidenceKey(9)
  const ledger = new EvidenceLedger({
    ...{ log, blobs: blobStoreOver(memoryObjects()), key, envelopeKey, logTrust: TEST_TRUST },
  })
  const decided = { ...makeDecision(INPUTS, null), ...change }
  await ledger.record([{ decided, inputs: sealChangeInputs(INPUTS), policy: null }], INPUTS.evaluatedAt)
  const [replayed] = await Array.fromAsync(replayDecisions(ledger, await ledger.entries(), null))
  return replayed?.same
}

describe('a decision is made again word for word', () => {
  test('by the version that made it', async () => {
    expect(await isSame({})).toBe(true)
  })

  test('by a newer version, whose mapping may know more controls', async () => {
    expect(await isSame({ engine: OLDER, controls: ['soc2-tsc@2017-pof2022:CC8.1'] })).toBe(true)
  })
})

describe('a decision differs', () => {
  test('in its controls, made by this very version', async () => {
    expect(await isSame({ controls: ['soc2-tsc@2017-pof2022:CC8.1'] })).toBe(false)
  })

  test('in its verdict, made by whichever version', async () => {
    expect(await isSame({ engine: OLDER, verdict: 'pass' })).toBe(false)
  })
})
