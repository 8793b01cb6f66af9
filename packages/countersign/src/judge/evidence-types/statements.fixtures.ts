import { MAPPING_VERSION } from '../controls/mapping.ts'
import type { SourceBackfill } from './backfill.ts'
import type { ObservationGap } from './observation-gap.ts'
import type { PayloadPruned } from './payload-pruned.ts'
import type { SourceHeartbeat } from './source-heartbeat.ts'

const stamp = { controls: ['nist-800-53@r5:AU-12'], mapping: MAPPING_VERSION, recordedAt: '2026-03-01T00:10:01Z' }

/** One predicate of each type; the test vectors of the formats are these too. */
export const HEARTBEAT: SourceHeartbeat = {
  source: 'github-audit-log:example',
  observer: 'agent-1',
  since: '2026-03-01T00:00:00Z',
  at: '2026-03-01T00:10:00Z',
  within: 600,
  memory: { kind: 'time', seconds: 15_552_000 },
  ...stamp,
}

export const FILLED: SourceBackfill = {
  source: 'github-audit-log:example',
  observer: 'agent-1',
  from: '2026-03-01T01:00:00Z',
  to: '2026-03-01T02:00:00Z',
  at: '2026-03-01T02:05:00Z',
  memory: { kind: 'time', seconds: 15_552_000 },
  found: 3,
  ...stamp,
}

export const GAP: ObservationGap = {
  source: 'github-audit-log:example',
  from: '2026-03-01T01:00:00Z',
  to: '2026-03-01T02:30:00Z',
  state: 'closed',
  backfilled: [{ from: '2026-03-01T01:00:00Z', to: '2026-03-01T02:00:00Z' }],
  unobserved: [{ from: '2026-03-01T02:00:00Z', to: '2026-03-01T02:30:00Z' }],
  lost: [],
  lossAt: '2026-08-28T02:00:00Z',
  ...stamp,
}

export const PRUNED: PayloadPruned = {
  payload: { sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', size: 5 },
  class: 'standard',
  reason: 'retention',
  prunedBy: 'ops@example.com',
  request: null,
  prunedAt: '2027-04-05T00:00:00Z',
  namedBy: {
    count: 2,
    first: { index: 7, leafHash: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' },
    last: { index: 9, leafHash: '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7' },
  },
  ...stamp,
}
