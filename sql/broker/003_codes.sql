-- Issue of link codes (Act Art. 21-2, Order Art. 27). The broker stores no
-- code: only keyed hashes that say whether one was issued.

-- HMAC(K_holder, handle || agency): this agency holds a code (Rule 44(2)).
CREATE TABLE holder (
	tag bytea PRIMARY KEY CHECK (length(tag) = 32)
);

-- A changed resident code: HMAC(K_alias, new code) -> the sealed handle.
CREATE TABLE alias (
	key bytea PRIMARY KEY CHECK (length(key) = 32),
	value bytea NOT NULL
);

-- Acquisition numbers in flight: gone on acknowledgement, else after 24 h
-- (Act Art. 21-2(3)(4)).
CREATE TABLE acquisition (
	number uuid PRIMARY KEY,
	agency text NOT NULL,
	asked_ms bigint NOT NULL,
	request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
	notice bytea                    -- CodeNotice for a second delivery
);
CREATE INDEX acquisition_age ON acquisition (asked_ms);

GRANT SELECT, INSERT ON holder, alias TO renkei_ledger;
GRANT SELECT, INSERT, UPDATE, DELETE ON acquisition TO renkei_ledger;
