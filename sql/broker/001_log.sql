-- The statutory log: what the broker committed, in order (Act Art. 23,
-- Rule 47). One log a broker instance and fiscal year. Nothing here repeats
-- for the same person: codes lie sealed with fresh randomness.

-- Moved from the expected size, under its own epoch, by every batch's
-- transaction. No row moved means that another broker writes: stop.
CREATE TABLE log_head (
	log int PRIMARY KEY,            -- fiscal year, from April, JST
	origin text NOT NULL UNIQUE,    -- "renkei.example/log/2026"
	size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
	epoch bigint NOT NULL DEFAULT 0,
	checkpoint bytea                -- the last signed note stored, if any
);

-- Every entry, in monthly partitions so that seven years later one is
-- dropped whole: the leaf then is noise and every old proof still verifies.
-- month is that of the UUIDv7 time of the exchange (or the entry), JST.
CREATE TABLE entry (
	log int NOT NULL,
	idx bigint NOT NULL CHECK (idx >= 0),
	month int NOT NULL,             -- yyyymm
	type smallint NOT NULL CHECK (type BETWEEN 1 AND 255),
	entry_id uuid NOT NULL,         -- of a permit: the exchange id
	exchange_id uuid,
	inquirer text,
	provider text,
	leaf bytea NOT NULL CHECK (length(leaf) = 33),
	body bytea NOT NULL,
	salt bytea NOT NULL CHECK (length(salt) = 32),
	record_code bytea,              -- PersonRef sealed to the portal
	endorsement bytea NOT NULL CHECK (length(endorsement) = 32),
	aux bytea,                      -- the party's own Envelope, its bytes
	person bytea,                   -- permit: PersonRef sealed to the provider
	PRIMARY KEY (log, idx, month)
) PARTITION BY LIST (month);

-- One permit and one end an exchange; the writer's last line of defence.
CREATE UNIQUE INDEX entry_permit_once
	ON entry (inquirer, exchange_id, month) WHERE type = 1;
CREATE UNIQUE INDEX entry_settled_once
	ON entry (inquirer, exchange_id, month) WHERE type IN (3, 4);
CREATE UNIQUE INDEX entry_uncollected_once
	ON entry (inquirer, exchange_id, month) WHERE type = 13;

-- Complete tiles of the tree (level 0 up) and entry bundles (level -1), each
-- 256 wide, as C2SP tlog-tiles has them.
CREATE TABLE log_tile (
	log int NOT NULL,
	level smallint NOT NULL CHECK (level BETWEEN -1 AND 7),
	n bigint NOT NULL CHECK (n >= 0),
	data bytea NOT NULL,
	PRIMARY KEY (log, level, n)
);

-- A month's partition, made before the first entry needs it.
CREATE FUNCTION entry_month_ensure(yyyymm int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF yyyymm NOT BETWEEN 200001 AND 299912
	    OR yyyymm % 100 NOT BETWEEN 1 AND 12 THEN
		RAISE EXCEPTION 'not a month: %', yyyymm;
	END IF;
	IF to_regclass(format('public.entry_%s', yyyymm)) IS NULL THEN
		-- two starting brokers: the second waits, then finds it made
		PERFORM pg_advisory_xact_lock(hashtext('entry_month_ensure'));
		EXECUTE format('CREATE TABLE IF NOT EXISTS entry_%s '
		    'PARTITION OF entry FOR VALUES IN (%s)', yyyymm, yyyymm);
	END IF;
END
$$;

CREATE FUNCTION month_of(at timestamptz) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT to_char(at AT TIME ZONE 'Asia/Tokyo', 'YYYYMM')::int
$$;

-- Last month, this one and the `ahead` that follow.
CREATE FUNCTION entry_months_ahead(ahead int DEFAULT 3) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT entry_month_ensure(month_of(now() + make_interval(months => m)))
	FROM generate_series(-1, ahead) AS m
$$;

-- Drop what is older than seven years (Order Art. 30). Returns how many
-- months went. `today` is given only by tests.
CREATE FUNCTION entry_expire(today timestamptz DEFAULT now()) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	part text;
	gone int := 0;
BEGIN
	IF today > now() THEN
		RAISE EXCEPTION 'entry_expire: that day has not come';
	END IF;
	FOR part IN
		SELECT c.relname FROM pg_inherits i
		JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'entry'::regclass
		  AND right(c.relname, 6)::int <
		      month_of(today - interval '7 years')
	LOOP
		EXECUTE format('DROP TABLE %I', part);
		gone := gone + 1;
	END LOOP;
	RETURN gone;
END
$$;

REVOKE ALL ON FUNCTION entry_month_ensure(int), entry_months_ahead(int),
	entry_expire(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION entry_month_ensure(int), entry_months_ahead(int)
	TO renkei_ledger, renkei_operator;
GRANT EXECUTE ON FUNCTION entry_expire(timestamptz) TO renkei_operator;

-- The ledger appends. It can neither change nor remove an entry or a tile.
GRANT SELECT, INSERT ON entry, log_tile TO renkei_ledger;
GRANT SELECT, INSERT ON log_head TO renkei_ledger;
GRANT UPDATE (size, epoch, checkpoint) ON log_head TO renkei_ledger;
GRANT SELECT ON entry, log_tile, log_head TO renkei_log_reader;

DO $$ BEGIN PERFORM entry_months_ahead(); END $$;
