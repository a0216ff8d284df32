-- The agency's own exchange records (情報提供等記録, Act Art. 23), both sides,
-- kept seven years (Order Art. 30), and what an honest retry needs.
CREATE TABLE exchange_record (
	agency text NOT NULL,
	month int NOT NULL,             -- of the exchange id's time, JST
	exchange_id uuid NOT NULL,
	side smallint NOT NULL CHECK (side IN (1, 2)), -- 1 asked, 2 answered
	local_id text,
	inquirer text NOT NULL,
	inquirer_for text NOT NULL DEFAULT '',
	unit text NOT NULL,
	official text NOT NULL DEFAULT '', -- who asked; never leaves the agency
	task text NOT NULL,
	procedure text NOT NULL DEFAULT '',
	relation text NOT NULL DEFAULT '',
	provider text NOT NULL,
	provider_for text NOT NULL DEFAULT '',
	data text[] NOT NULL,
	period_from text NOT NULL DEFAULT '',
	period_until text NOT NULL DEFAULT '',
	case_reference text NOT NULL DEFAULT '', -- side 1 only
	case_tag bytea,
	asked_ms bigint NOT NULL,
	answered_ms bigint,
	outcome int NOT NULL DEFAULT 0, -- outer outcome, lib/outcome.h
	pia_missing boolean NOT NULL DEFAULT false,
	inquirer_hides boolean NOT NULL DEFAULT false,
	provider_hides boolean NOT NULL DEFAULT false,
	article text NOT NULL DEFAULT '',
	hop text NOT NULL DEFAULT '',   -- who said no, and
	rule text NOT NULL DEFAULT '',  -- by which rule
	sequence bigint,
	permit_leaf bytea,
	permit_idx bigint,
	outcome_leaf bytea,
	outcome_idx bigint,
	PRIMARY KEY (agency, inquirer, exchange_id, side, month)
) PARTITION BY LIST (month);

CREATE FUNCTION month_of(at timestamptz) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT to_char(at AT TIME ZONE 'Asia/Tokyo', 'YYYYMM')::int
$$;

CREATE FUNCTION exchange_month_ensure(yyyymm int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF yyyymm NOT BETWEEN 200001 AND 299912
	    OR yyyymm % 100 NOT BETWEEN 1 AND 12 THEN
		RAISE EXCEPTION 'not a month: %', yyyymm;
	END IF;
	IF to_regclass(format('public.exchange_record_%s', yyyymm)) IS NULL THEN
		PERFORM pg_advisory_xact_lock(hashtext('exchange_month_ensure'));
		EXECUTE format('CREATE TABLE IF NOT EXISTS exchange_record_%s '
		    'PARTITION OF exchange_record FOR VALUES IN (%s) '
		    'WITH (fillfactor = 70)', -- each is completed once
		    yyyymm, yyyymm);
	END IF;
END
$$;

CREATE FUNCTION exchange_months_ahead(ahead int DEFAULT 3) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT exchange_month_ensure(month_of(now() + make_interval(months => m)))
	FROM generate_series(-1, ahead) AS m
$$;

-- The inquiry's bytes, stored before they are sent; a retry sends them again.
-- The answer waits here until the business side has taken it.
CREATE TABLE outgoing (
	agency text NOT NULL,
	exchange_id uuid NOT NULL,
	local_id text NOT NULL,
	batch text NOT NULL DEFAULT '', -- file of a night's inquiries, and line
	line int NOT NULL DEFAULT 0,
	envelope bytea NOT NULL,
	created_ms bigint NOT NULL,
	state smallint NOT NULL DEFAULT 1, -- 1 stored, 2 pending, 3 ended, 4 taken
	outcome int,
	hop text,
	rule text,
	citation text,
	payload bytea,                  -- opened answer, as Payload
	ended_ms bigint,
	PRIMARY KEY (agency, exchange_id)
) WITH (fillfactor = 60); -- each is completed once, in its place
ALTER TABLE outgoing ALTER payload SET STORAGE EXTERNAL;
-- What is open is young: found at start without an index of its own, which
-- every end of an inquiry would have to leave.
CREATE INDEX outgoing_age ON outgoing USING brin (created_ms);

-- One use of a permit, and the sealed provision as long as it may have to be
-- delivered again: until the inquirer's receipt, else 24 h.
CREATE TABLE permit_used (
	agency text NOT NULL,
	inquirer text NOT NULL,
	exchange_id uuid NOT NULL,
	permit_leaf bytea NOT NULL CHECK (length(permit_leaf) = 32),
	used_ms bigint NOT NULL,
	PRIMARY KEY (agency, inquirer, exchange_id)
);
CREATE INDEX permit_used_age ON permit_used USING brin (used_ms);

CREATE TABLE kept (
	agency text NOT NULL,
	inquirer text NOT NULL,
	exchange_id uuid NOT NULL,
	provision bytea NOT NULL,       -- the signed Envelope
	ciphertext bytea NOT NULL,
	kept_ms bigint NOT NULL,
	PRIMARY KEY (agency, inquirer, exchange_id)
);
-- no use in compressing what is encrypted
ALTER TABLE kept ALTER ciphertext SET STORAGE EXTERNAL;

-- Permits that wait for an official.
CREATE TABLE waiting (
	agency text NOT NULL,
	inquirer text NOT NULL,
	exchange_id uuid NOT NULL,
	permit bytea NOT NULL,          -- the Permit, its bytes
	since_ms bigint NOT NULL,
	until_ms bigint NOT NULL,
	PRIMARY KEY (agency, inquirer, exchange_id)
);

-- Per-agency sequence numbers, and the last checkpoint this host holds.
CREATE TABLE sequence (
	agency text NOT NULL,
	side smallint NOT NULL CHECK (side IN (1, 2)),
	last bigint NOT NULL,
	PRIMARY KEY (agency, side)
);
CREATE TABLE checkpoint (
	origin text PRIMARY KEY,
	size bigint NOT NULL,
	note bytea NOT NULL
);

DO $$ BEGIN PERFORM exchange_months_ahead(); END $$;
