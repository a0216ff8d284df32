-- One agent host, many agencies. Every row names its agency, and a session
-- sees only the agencies it has said it acts for:
--   SET renkei.agencies = '141003'          (one, for reads and answers)
--   SET renkei.agencies = '141003,271004'   (the host's shared group commit)
-- Unset means none.
CREATE FUNCTION acting_for() RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT string_to_array(current_setting('renkei.agencies', true), ',')
$$;

-- People the agency knows, under its own number for them (宛名番号), and the
-- link code (符号) it was issued, if it has acquired one. No My Number.
CREATE TABLE person (
	agency text NOT NULL,
	local_id text NOT NULL,
	code bytea,                     -- link code, suite 1: 32 bytes
	suite smallint,
	epoch int,
	acquired_ms bigint,
	PRIMARY KEY (agency, local_id),
	UNIQUE (agency, code),
	CHECK ((code IS NULL) = (acquired_ms IS NULL)),
	-- twelve digits and nothing else would be somebody's My Number
	CHECK (local_id !~ '^[0-9]{12}$')
);

-- Acquisition numbers (取得番号) under way; gone on notice, else after 24 h.
CREATE TABLE acquisition (
	agency text NOT NULL,
	number uuid NOT NULL PRIMARY KEY,
	local_id text NOT NULL,
	asked_ms bigint NOT NULL,
	UNIQUE (agency, local_id)
);
