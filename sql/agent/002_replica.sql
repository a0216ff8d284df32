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
	published_until_ms bigint NOT NULL,
	no_auto_answer boolean NOT NULL DEFAULT false, -- 自動応答不可
	-- [{"d": depth, "c": code, "n": name, "v": content, "e": why empty}]
	items jsonb NOT NULL,
	PRIMARY KEY (agency, local_id, data, fiscal_year, version)
);
