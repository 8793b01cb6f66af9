import type { LogStore } from '../../../workflows/ports/log-store.ts'
import { openConnections } from './connections.ts'
import type { DatabasePlace } from './database-url.ts'
import { type Election, standForElection } from './election.ts'
import { type Intake, intakeOf } from './intake.ts'
import { openPostgresStore } from './log-store.ts'
import { listenForNotices, type Notices } from './notices.ts'
import { DEFAULT_SHAPE } from './schema-tables.ts'

export interface ReplicaGroundOptions {
  readonly place: DatabasePlace
  /** The schema that holds the tables; `countersign` unless told. */
  readonly schema?: string
  /** The secret that evidence is handed in under; all replicas have the same. */
  readonly intakeKey: Uint8Array
  /** How long the right to sequence lasts without being renewed, in milliseconds; 5,000 unless told. */
  readonly leaseMs?: number
  /** How long one statement may take, in milliseconds; 30,000 unless told. */
  readonly statementMs?: number
}

/** What a replica shares with the others: the database, who sequences, and what is handed in. */
export interface ReplicaGround {
  readonly election: Election
  readonly notices: Notices
  readonly intake: Intake
  /** For looking things up beside the log. */
  readonly known: LogStore
  /** Another store on the same record; what it commits leaves the intake in the same transaction. */
  openStore(): Promise<LogStore>
  release(): Promise<void>
}

/** Brings the schema up to date, then stands for election. Rejects as `openPostgresStore` does. */
export async function openReplicaGround(options: ReplicaGroundOptions): Promise<ReplicaGround> {
  const { place, intakeKey, leaseMs, statementMs } = options
  const name = options.schema ?? DEFAULT_SHAPE.name
  const bounds = statementMs === undefined ? {} : { statementMs }
  const known = await openPostgresStore(place, { schema: { name }, readers: 2, ...bounds })
  const connections = openConnections(place, { readers: 2, ...bounds })
  const intake = intakeOf(connections, name, intakeKey)
  const notices = listenForNotices(place, name)
  const election = standForElection({ place, schema: name, notices, ...(leaseMs === undefined ? {} : { leaseMs }) })
  return {
    election,
    notices,
    intake,
    known,
    openStore: () => openPostgresStore(place, { schema: { name }, settles: intake.settles, ...bounds }),
    release: async () => {
      await connections.close()
      await known.close()
    },
  }
}
