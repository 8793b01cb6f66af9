/** The name of a database schema, and how its tables are cut. The numbers are part of the schema: they never change afterwards. */
export interface SchemaShape {
  readonly name: string
  /** Rows in a block of the index; 256 at most. */
  readonly blockRows: number
  /** Rows in a partition of the record; whole blocks. */
  readonly partitionRows: number
}

export const DEFAULT_SHAPE: SchemaShape = { name: 'countersign', blockRows: 256, partitionRows: 2 ** 20 }

/**
 * The tables of the first version.
 *
 * - `head`: one row, where the log stands. Whoever commits updates it first and so waits for whoever is committing.
 * - `sequencer`: one row, who may commit and until when, by the database's clock.
 * - `evidence`: the record, in partitions of a million rows. A commit writes to the last one only, so that the part of its primary key
 *   that is in use stays small, and old partitions can be moved or dropped as a whole.
 * - `known`: where digests and idempotency keys lie, by the first 52 bits of a hash. A unique index must hold the partition key, so
 *   none on `evidence` could see all partitions; commits come one at a time, so looking here and then writing is as good. A key is 8
 *   bytes in place of 32, which keeps the tree in memory four times as long; two terms that share one are told apart by the row. It is
 *   one tree and not several by hash, because a commit looks for all its keys in one pass, and would look for all of them in each.
 * - `posting`: in which rows of a block a term occurs (a byte each), `span`: when the rows of a block were recorded. Written behind the
 *   commits, for whole blocks: a term that occurs in every row so takes two bytes a row in place of seventy, and a commit does not wait
 *   for it. The newest rows, which no block holds yet, are looked through one by one.
 * - `intake`: evidence that replicas without the right to sequence hand to the one that has it.
 */
export const tables = ({ name: schema }: SchemaShape): string => `
CREATE TABLE ${schema}.head (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  origin text NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL,
  edge bytea NOT NULL,
  prepared bigint NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE ${schema}.sequencer (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  holder text NOT NULL,
  fence bigint NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO ${schema}.sequencer (holder, fence, expires_at) VALUES ('', 0, to_timestamp(0));

CREATE TABLE ${schema}.evidence (
  seq bigint PRIMARY KEY,
  leaf_hash bytea NOT NULL,
  entry bytea,
  digest bytea NOT NULL,
  idem_hash bytea,
  recorded_at text COLLATE "C" NOT NULL,
  terms text NOT NULL
) PARTITION BY RANGE (seq);

CREATE TABLE ${schema}.known (key bigint, seq bigint, PRIMARY KEY (key, seq));

CREATE TABLE ${schema}.posting (
  key bigint,
  block bigint,
  places bytea NOT NULL,
  PRIMARY KEY (key, block)
) PARTITION BY RANGE (block);

CREATE TABLE ${schema}.span (
  block bigint PRIMARY KEY,
  recorded_min text COLLATE "C" NOT NULL,
  recorded_max text COLLATE "C" NOT NULL
);

CREATE TABLE ${schema}.intake (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  submission uuid NOT NULL,
  submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  entry bytea NOT NULL,
  terms text NOT NULL,
  mac bytea NOT NULL,
  refusal text
);
CREATE INDEX ON ${schema}.intake (submission);
`
