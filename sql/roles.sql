-- Roles of one cluster. Run as superuser, as often as one likes. What a
-- process may do is granted to a role that cannot log in; each process logs
-- in under a role of its own that is made a member of just one of these:
--   renkei_owner      owns databases and tables, runs migrations, no process
--   renkei_ledger     the broker's ledger writer: appends entries
--   renkei_log_reader reads the log to verify or export it, and nothing else
--   renkei_operator   drops what is past its seven years
--   renkei_agent      one agent host: both sides and the replica store
--   renkei_registrar  the registrar
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['renkei_owner', 'renkei_ledger',
	    'renkei_log_reader', 'renkei_operator', 'renkei_agent',
	    'renkei_registrar']
	LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', name);
		END IF;
	END LOOP;
END
$$;
