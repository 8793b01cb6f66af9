import { OWN_STATES } from './postgres-errors.ts'
import type { SchemaShape } from './schema-tables.ts'

/**
 * The functions of the first version. All writing is done by them, with the rights of whoever owns the schema, so that a program that
 * only may call them can append, and can neither change nor remove what is there.
 */
export const functions = (shape: SchemaShape): string =>
  [
    prepare,
    aim,
    beginLog,
    commitRows,
    sealBlocks,
    ...electionFunctions,
    ...intakeFunctions,
    forOwnerOnly,
    ...forEverybody,
  ]
    .map((one) => one(shape))
    .join('\n')

// Plans are kept, and the first are made while the tables are empty: none of them may ever read a whole table.
const asOwner = (schema: string): string =>
  `LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp SET enable_seqscan = off`

/** Makes the partitions that rows below `target` need, and one more, so that no commit finds none. */
const prepare = ({ name: schema, blockRows, partitionRows }: SchemaShape): string => `
CREATE FUNCTION ${schema}.prepare(target bigint) RETURNS bigint ${asOwner(schema)} AS $$
DECLARE
  rows CONSTANT bigint := ${partitionRows};
  number bigint := coalesce((SELECT prepared FROM head), 0) / rows;
  last CONSTANT bigint := target / rows + 1;
BEGIN
  WHILE number <= last LOOP
    -- Whoever wants a partition in a place of its own may have made it already.
    IF to_regclass(format('${schema}.bundle_%s', number)) IS NULL THEN
      -- Attaching, unlike creating in place, lets others read the table meanwhile.
      EXECUTE format('CREATE TABLE ${schema}.bundle_%s (LIKE ${schema}.bundle INCLUDING ALL)', number);
      EXECUTE format('ALTER TABLE ${schema}.bundle ATTACH PARTITION ${schema}.bundle_%s FOR VALUES FROM (%s) TO (%s)',
        number, number * rows, (number + 1) * rows);
    END IF;
    IF to_regclass(format('${schema}.posting_%s', number)) IS NULL THEN
      EXECUTE format('CREATE TABLE ${schema}.posting_%s (LIKE ${schema}.posting INCLUDING ALL)', number);
      EXECUTE format('ALTER TABLE ${schema}.posting ATTACH PARTITION ${schema}.posting_%s FOR VALUES FROM (%s) TO (%s)',
        number, number * rows / ${blockRows}, (number + 1) * rows / ${blockRows});
    END IF;
    IF to_regclass(format('${schema}.known_%s', number)) IS NULL THEN
      EXECUTE format('CREATE TABLE ${schema}.known_%s (LIKE ${schema}.known INCLUDING ALL)', number);
      EXECUTE format('ALTER TABLE ${schema}.known ATTACH PARTITION ${schema}.known_%s FOR VALUES FROM (%s) TO (%s)',
        number, number * rows, (number + 1) * rows);
    END IF;
    number := number + 1;
  END LOOP;
  UPDATE head SET prepared = number * rows WHERE id;
  RETURN number * rows;
END $$;`

/**
 * Makes the function anew that looks keys up in one partition, another one each time that one is full. It answers null for any other
 * partition. Only to prepare a question for the table as a whole takes longer the more partitions there are.
 */
const aim = ({ name: schema }: SchemaShape): string => `
CREATE FUNCTION ${schema}.aim(number bigint) RETURNS void ${asOwner(schema)} AS $$
BEGIN
  EXECUTE format(
    'CREATE OR REPLACE FUNCTION ${schema}.known_at_end(number bigint, keys bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $f$
BEGIN
  IF number <> %1$s THEN RETURN NULL; END IF;
  RETURN ARRAY(SELECT k.seq FROM ${schema}.known_%1$s k WHERE k.key = ANY (keys));
END $f$', number);
END $$;
SELECT ${schema}.aim(0);`

const beginLog = ({ name: schema, partitionRows }: SchemaShape): string => `
CREATE FUNCTION ${schema}.begin_log(new_origin text, new_size bigint, new_root bytea, new_edge bytea) RETURNS void
${asOwner(schema)} AS $$
BEGIN
  INSERT INTO head (origin, size, root, edge, prepared) VALUES (new_origin, new_size, new_root, new_edge, 0) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM prepare(new_size);
    PERFORM aim(new_size / ${partitionRows});
  END IF;
END $$;`

/**
 * One commit in one round trip, and so in one transaction that nobody has to end: whatever becomes of the program that called it, no
 * lock outlives the call.
 */
const commitRows = ({ name: schema, blockRows, partitionRows }: SchemaShape): string => `
CREATE FUNCTION ${schema}.commit_rows(
  from_size bigint, from_root bytea, new_origin text, new_size bigint, new_root bytea, new_edge bytea,
  held_fence bigint, is_twice boolean, vouched_from bigint, new_keys bigint[],
  firsts bigint[], counts integer[], new_leaf_hashes bytea[], new_digests bytea[], new_idem_hashes bytea[],
  new_entries bytea[], new_entry_ends bytea[], new_terms bytea[], new_term_ends bytea[], settled bigint[]
) RETURNS void ${asOwner(schema)} AS $$
DECLARE
  ready bigint;
  suspects bigint[];
BEGIN
  -- Whoever asks for less than a durable commit, asks for acknowledgements that a crash can undo.
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  UPDATE head SET origin = new_origin, size = new_size, root = new_root, edge = new_edge
    WHERE id AND size = from_size AND root = from_root RETURNING prepared INTO ready;
  -- Behind the lock on the head: a takeover waits for that, so a fence that is good here is good until this has ended.
  IF (SELECT fence FROM sequencer) <> coalesce(held_fence, 0) THEN
    RAISE EXCEPTION 'the right to sequence was given to somebody else' USING ERRCODE = '${OWN_STATES.fenced}';
  END IF;
  IF ready IS NULL THEN
    RAISE EXCEPTION 'the log is not where this commit begins' USING ERRCODE = '${OWN_STATES.headMoved}';
  END IF;
  IF vouched_from > coalesce((SELECT max(block) + 1 FROM span), 0) * ${blockRows} THEN
    RAISE EXCEPTION 'nobody vouches for rows that are not in the index' USING ERRCODE = '${OWN_STATES.unvouched}';
  END IF;
  -- Vouched for are the rows from there on, and those in the partitions before, which were full and do not change.
  suspects := known_at_end(vouched_from / ${partitionRows}, new_keys);
  IF suspects IS NULL THEN
    suspects := ARRAY(
      SELECT k.seq FROM known k WHERE k.key = ANY (new_keys)
        AND k.seq >= vouched_from - vouched_from % ${partitionRows} AND k.seq < vouched_from
    );
  END IF;
  IF cardinality(suspects) > 0 THEN
    is_twice := is_twice OR EXISTS (
      SELECT FROM unnest(suspects) AS k (seq)
      CROSS JOIN LATERAL (
        SELECT substr(b.digests, (k.seq - b.first)::integer * 32 + 1, 32) AS digest,
          substr(b.idem_hashes, (k.seq - b.first)::integer * 32 + 1, 32) AS idem_hash
        FROM bundle b WHERE b.first <= k.seq AND b.first >= k.seq - k.seq % ${blockRows} ORDER BY b.first DESC LIMIT 1
      ) AS there
      WHERE EXISTS (SELECT FROM unnest(new_digests) AS one WHERE position(there.digest IN one) > 0)
        OR EXISTS (
          SELECT FROM unnest(new_idem_hashes) AS one
          WHERE position(there.idem_hash IN one) > 0 AND there.idem_hash <> decode(repeat('00', 32), 'hex')
        )
    );
  END IF;
  IF is_twice THEN
    RAISE EXCEPTION 'a digest or a key is there already' USING ERRCODE = '${OWN_STATES.duplicate}';
  END IF;
  IF ready < new_size + ${partitionRows} THEN PERFORM prepare(new_size); END IF;
  INSERT INTO bundle (first, count, leaf_hashes, digests, idem_hashes, entries, entry_ends, terms, term_ends)
    SELECT * FROM unnest(
      firsts, counts, new_leaf_hashes, new_digests, new_idem_hashes, new_entries, new_entry_ends, new_terms, new_term_ends
    );
  IF cardinality(settled) > 0 THEN
    DELETE FROM intake WHERE id = ANY (settled);
    PERFORM pg_notify('${schema}_placed', '');
  END IF;
END $$;`

/**
 * Blocks of the index, behind the last one that is there; returns the block that comes next. Does nothing where another process was
 * quicker. Losing them in a crash costs no more than doing it again.
 */
const sealBlocks = ({ name: schema, blockRows, partitionRows }: SchemaShape): string => `
CREATE FUNCTION ${schema}.seal_blocks(
  posting_keys bigint[], posting_blocks bigint[], posting_places bytea[], span_blocks bigint[], span_mins text[], span_maxs text[],
  known_keys bigint[], known_seqs bigint[]
) RETURNS bigint ${asOwner(schema)} AS $$
DECLARE
  following bigint;
  last CONSTANT bigint := span_blocks[cardinality(span_blocks)];
BEGIN
  PERFORM pg_advisory_xact_lock(${SEAL_LOCK}, hashtext('${schema}'));
  following := coalesce((SELECT max(block) + 1 FROM span), 0);
  IF span_blocks[1] > following OR (last + 1) * ${blockRows} > (SELECT size FROM head) THEN
    RAISE EXCEPTION 'a block was to be sealed that is not next, or not full' USING ERRCODE = 'CS004';
  END IF;
  IF span_blocks[1] < following THEN RETURN following; END IF;
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO posting (key, block, places) SELECT * FROM unnest(posting_keys, posting_blocks, posting_places);
  INSERT INTO known (key, seq) SELECT * FROM unnest(known_keys, known_seqs);
  INSERT INTO span (block, recorded_min, recorded_max) SELECT * FROM unnest(span_blocks, span_mins, span_maxs);
  IF (last + 1) * ${blockRows} / ${partitionRows} > span_blocks[1] * ${blockRows} / ${partitionRows} THEN
    PERFORM aim((last + 1) * ${blockRows} / ${partitionRows});
  END IF;
  RETURN last + 1;
END $$;`

/** "CSIX": the lock of whoever writes the index. */
const SEAL_LOCK = 0x43534958

const electionFunctions: readonly ((shape: SchemaShape) => string)[] = [
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.claim(candidate text, lease_ms integer) RETURNS TABLE (granted bigint, free_in_ms double precision)
${asOwner(schema)} AS $$
DECLARE
  now_free boolean;
BEGIN
  -- Also for who holds it and does not know, because the answer got lost.
  SELECT expires_at <= clock_timestamp() OR holder = candidate INTO now_free FROM sequencer;
  IF now_free THEN
    -- A commit that is under way keeps the old fence until it has ended, and none can begin with it afterwards.
    PERFORM FROM head FOR UPDATE;
    UPDATE sequencer SET holder = candidate, fence = fence + 1, expires_at = clock_timestamp() + lease_ms * interval '1 millisecond'
      WHERE expires_at <= clock_timestamp() OR holder = candidate RETURNING fence INTO granted;
  END IF;
  SELECT extract(epoch FROM expires_at - clock_timestamp()) * 1000 INTO free_in_ms FROM sequencer;
  RETURN NEXT;
END $$;`,
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.renew(candidate text, held_fence bigint, lease_ms integer) RETURNS boolean ${asOwner(schema)} AS $$
BEGIN
  UPDATE sequencer SET expires_at = clock_timestamp() + lease_ms * interval '1 millisecond'
    WHERE holder = candidate AND fence = held_fence;
  RETURN FOUND;
END $$;`,
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.resign(candidate text, held_fence bigint) RETURNS void ${asOwner(schema)} AS $$
BEGIN
  UPDATE sequencer SET expires_at = to_timestamp(0) WHERE holder = candidate AND fence = held_fence;
  PERFORM pg_notify('${schema}_resigned', '');
END $$;`,
]

const intakeFunctions: readonly ((shape: SchemaShape) => string)[] = [
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.submit(submissions uuid[], entries bytea[], all_terms text[], macs bytea[]) RETURNS bigint
${asOwner(schema)} AS $$
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  INSERT INTO intake (submission, entry, terms, mac)
    SELECT u.submission, u.entry, u.terms, u.mac
    FROM unnest(submissions, entries, all_terms, macs) WITH ORDINALITY AS u (submission, entry, terms, mac, at) ORDER BY u.at;
  PERFORM pg_notify('${schema}_submitted', '');
  RETURN (SELECT size FROM head);
END $$;`,
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.settle(ids bigint[], said text) RETURNS void ${asOwner(schema)} AS $$
BEGIN
  IF said IS NULL THEN
    DELETE FROM intake WHERE id = ANY (ids);
  ELSE
    UPDATE intake SET refusal = said WHERE id = ANY (ids);
    -- Whoever handed these in never came back to be told.
    DELETE FROM intake WHERE refusal IS NOT NULL AND submitted_at < clock_timestamp() - interval '1 day';
  END IF;
  PERFORM pg_notify('${schema}_placed', '');
END $$;`,
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.forget(submissions uuid[]) RETURNS void ${asOwner(schema)} AS $$
BEGIN
  DELETE FROM intake WHERE submission = ANY (submissions) AND refusal IS NOT NULL;
END $$;`,
]

/** Otherwise everybody in the database could call what runs with the owner's rights. */
const forOwnerOnly = ({ name: schema }: SchemaShape): string =>
  `REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC;`

/** For people and dashboards: rows as rows. */
const forEverybody: readonly ((shape: SchemaShape) => string)[] = [
  ({ name: schema }) => `
CREATE FUNCTION ${schema}.end_at(ends bytea, place integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN place < 0 THEN 0 ELSE ('x' || encode(substr(ends, place * 4 + 1, 4), 'hex'))::bit(32)::integer END
$$;`,
  ({ name: schema, blockRows }) => `
CREATE FUNCTION ${schema}.evidence(from_seq bigint, to_seq bigint)
RETURNS TABLE (seq bigint, leaf_hash bytea, entry bytea, terms json) LANGUAGE sql STABLE AS $$
  SELECT b.first + i, substr(b.leaf_hashes, i * 32 + 1, 32),
    substr(b.entries, ${schema}.end_at(b.entry_ends, i - 1) + 1,
      ${schema}.end_at(b.entry_ends, i) - ${schema}.end_at(b.entry_ends, i - 1)),
    convert_from(substr(b.terms, ${schema}.end_at(b.term_ends, i - 1) + 1,
      ${schema}.end_at(b.term_ends, i) - ${schema}.end_at(b.term_ends, i - 1)), 'UTF8')::json
  FROM ${schema}.bundle b CROSS JOIN LATERAL generate_series(0, b.count - 1) AS i
  WHERE b.first > from_seq - ${blockRows} AND b.first < to_seq AND b.first + i >= from_seq AND b.first + i < to_seq
  ORDER BY 1
$$;`,
]
