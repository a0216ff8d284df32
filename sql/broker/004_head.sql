-- Moving the log's head: the first statement of every batch's transaction.
-- No row moved means that another broker writes, and the transaction fails
-- with a state of its own (RK001) before an entry is written.
CREATE FUNCTION log_head_move(which int, was bigint, becomes bigint,
    own_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE log_head SET size = becomes
	WHERE log = which AND size = was AND epoch = own_epoch;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the head of log % is not at % any more',
		    which, was USING ERRCODE = 'RK001';
	END IF;
END
$$;
REVOKE ALL ON FUNCTION log_head_move(int, bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log_head_move(int, bigint, bigint, bigint)
	TO renkei_ledger;

-- An honest retry of a question that was refused: its refusal is found by
-- the exchange it was about, in whichever month it was decided. Ids rise with
-- time, and so does the index.
CREATE INDEX entry_refused ON entry (exchange_id) WHERE type = 2;
