/** The name of a database schema, and how its tables are cut. The numbers are part of the schema: they never change afterwards. */
export interface SchemaShape {
  readonly name: string
  /** Rows in a block of the index; 256 at most. */
  readonly blockRows: number
  /** Rows in a partition of the record and its index; whole blocks. */
  readonly partitionRows: number
}

export const DEFAULT_SHAPE: SchemaShape = { name: 'countersign', blockRows: 256, partitionRows: 2 ** 20 }

/**
 * The tables of the first version.
 *
 * - `head`: one row, where the log stands. Whoever commits updates it first and so waits for whoever is committing.
 * - `sequencer`: one row, who may commit and until when, by the database's clock.
 * - `bundle`: the record, in partitions of a million rows. A commit's rows lie next to each other in as few bundles as can be, one for
 *   each block that they touch: a thousand rows of a table cost the server four times as much as five bundles of the same bytes. Hashes are
 *   32 bytes each; entries and terms lie behind each other, their ends as four bytes each beside them; terms are JSON, a line each. A
 *   commit writes to the last partition only, so that what is in use of its primary key stays small.
 * - `known`: where digests and idempotency keys lie, by the first 52 bits of a hash. A unique index must hold the partition key, so
 *   none on `bundle` could see all partitions; commits come one at a time, so looking and then writing is as good. A key is 8
 *   bytes in place of 32, which keeps the tree in memory four times as long; two terms that share one are told apart by the row. Its
 *   partitions are those of the record: keys are random, so in one tree of all of them each would be written to a page of its own. What a
 *   commit adds is looked for in the last partition here, and in those before by whoever commits.
 * - `posting`: in which rows of a block a term occurs (a byte each), `span`: when the rows of a block were recorded. A term that occurs in
 *   every row so takes two bytes a row in place of seventy.
 *
 *   `known`, `posting` and `span` are the index. They are written together, behind the commits and in whole blocks: sorted, and while the
 *   commits go on. The newest rows, which the index does not hold yet, are looked through one by one; of those, whoever
 *   commits must itself know that they hold none of what it adds.
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

CREATE TABLE ${schema}.bundle (
  first bigint PRIMARY KEY,
  count integer NOT NULL,
  leaf_hashes bytea NOT NULL,
  digests bytea NOT NULL,
  idem_hashes bytea,
  entries bytea NOT NULL,
  entry_ends bytea NOT NULL,
  terms bytea NOT NULL,
  term_ends bytea NOT NULL
) PARTITION BY RANGE (first);
${PACKED.map((column) => `ALTER TABLE ${schema}.bundle ALTER COLUMN ${column} SET STORAGE EXTERNAL;`).join('\n')}

CREATE TABLE ${schema}.known (key bigint, seq bigint, PRIMARY KEY (key, seq)) PARTITION BY RANGE (seq);

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

/** Kept as they are: what is compressed cannot be read in part, and compressing would take longer than all the rest of a commit. */
const PACKED = ['leaf_hashes', 'digests', 'idem_hashes', 'entries', 'entry_ends', 'terms', 'term_ends']
