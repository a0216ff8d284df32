-- Exchanges that are not over: what a restart must take up again. A row comes
-- with the permit, moves with pending and outcome, and goes with the receipt
-- or when the answer is recorded as uncollected.
CREATE TABLE live (
	inquirer text NOT NULL,
	exchange_id uuid NOT NULL,
	month int NOT NULL,
	provider text NOT NULL,
	state smallint NOT NULL DEFAULT 1, -- 1 permitted, 2 pending, 3 settled
	inquiry_hash bytea NOT NULL CHECK (length(inquiry_hash) = 32),
	permit_idx bigint NOT NULL,
	outcome_idx bigint,
	answer_by_ms bigint NOT NULL,
	valid_until_ms bigint NOT NULL,
	PRIMARY KEY (inquirer, exchange_id)
) WITH (fillfactor = 70);

GRANT SELECT, INSERT, UPDATE, DELETE ON live TO renkei_ledger;
