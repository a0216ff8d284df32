-- Replica records (副本): what this agency answers from, without staff.
CREATE TABLE record (
	agency text NOT NULL,
	local_id text NOT NULL,
	data text NOT NULL,             -- data name of the statute's table
	fiscal_year text NOT NULL DEFAULT '',
	version int NOT NULL DEFAULT 1,
	layout text NOT NULL,
	official boolean NOT NULL,      -- false: the layout is ours
	as_of_ms bigint NOT NULL,
	published_until_ms bigint NOT NULL DEFAULT 0, -- 0: no end
	no_auto_answer boolean NOT NULL DEFAULT false, -- 自動応答不可
	non_disclosure boolean NOT NULL DEFAULT false, -- 不開示
	-- the Record message of schemas/renkei.proto, as it will be sealed: an
	-- answer costs no conversion; nothing else is in it
	body bytea COMPRESSION lz4 NOT NULL,
	PRIMARY KEY (agency, local_id, data, fiscal_year, version)
);
