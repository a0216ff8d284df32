-- Row-level separation: a session reads and writes only rows of the agencies
-- it acts for, whatever its query says. Not "agency = ANY (...)": an index
-- begins with agency, and on a table that looks small the planner would walk
-- all of an agency's rows by that condition instead of finding one by its key.
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['person', 'acquisition', 'record',
	    'exchange_record', 'outgoing', 'permit_used', 'kept', 'waiting',
	    'sequence']
	LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY own_rows ON %I '
		    'USING (ARRAY[agency] <@ (SELECT acting_for())) '
		    'WITH CHECK (ARRAY[agency] <@ (SELECT acting_for()))', t);
	END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON person, outgoing, sequence, checkpoint
	TO renkei_agent;
GRANT SELECT, INSERT, UPDATE, DELETE ON acquisition, record, kept, waiting
	TO renkei_agent;
GRANT DELETE ON outgoing TO renkei_agent;
-- A permit once used stays used; an exchange record is completed, not removed.
GRANT SELECT, INSERT ON permit_used TO renkei_agent;
GRANT SELECT, INSERT ON exchange_record TO renkei_agent;
GRANT UPDATE (answered_ms, outcome, pia_missing, inquirer_hides,
	provider_hides, article, hop, rule, permit_leaf, permit_idx, outcome_leaf,
	outcome_idx) ON exchange_record TO renkei_agent;
REVOKE ALL ON FUNCTION exchange_month_ensure(int), exchange_months_ahead(int)
	FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange_month_ensure(int),
	exchange_months_ahead(int) TO renkei_agent;
