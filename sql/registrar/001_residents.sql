-- The registrar: My Number <-> resident code (住民票コード). It never sees a
-- link code; nobody else sees both numbers.
CREATE TABLE resident (
	my_number text PRIMARY KEY CHECK (my_number ~ '^[0-9]{12}$'),
	resident_code text NOT NULL UNIQUE CHECK (resident_code ~ '^[0-9]{11}$'),
	name text NOT NULL,
	address text NOT NULL,
	birth date NOT NULL,
	sex smallint NOT NULL CHECK (sex IN (0, 1, 2, 9)) -- ISO 5218
);

-- Acquisition numbers passed on: gone when the agency has its code, else
-- after 24 h (Act Art. 21-2(3)(4)). Which resident is not kept.
CREATE TABLE acquisition (
	number uuid PRIMARY KEY,
	agency text NOT NULL,
	asked_ms bigint NOT NULL,
	request bytea NOT NULL          -- CodeRequest envelope, for a retry
);
CREATE INDEX acquisition_age ON acquisition (asked_ms);

-- A change of resident code, announced to the broker until it is confirmed.
CREATE TABLE resident_change (
	change_id uuid PRIMARY KEY,
	old_code text NOT NULL,
	new_code text NOT NULL,
	changed_ms bigint NOT NULL,
	envelope bytea,                 -- ResidentChange, its bytes
	confirmed boolean NOT NULL DEFAULT false
);

GRANT SELECT, INSERT ON resident TO renkei_registrar;
GRANT UPDATE (resident_code, name, address) ON resident TO renkei_registrar;
GRANT SELECT, INSERT, DELETE ON acquisition TO renkei_registrar;
GRANT SELECT, INSERT ON resident_change TO renkei_registrar;
GRANT UPDATE (envelope, confirmed) ON resident_change TO renkei_registrar;
