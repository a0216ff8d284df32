-- The ledger may append. It may not rewrite, and one exchange has one permit
-- and one end.
BEGIN;
SELECT no_plan();

CREATE FUNCTION add(idx bigint, type int, exchange text,
    inquirer text DEFAULT 'nenkin', month int DEFAULT 202611)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO entry (log, idx, month, type, entry_id, exchange_id,
	    inquirer, provider, leaf, body, salt, endorsement)
	VALUES (2026, idx, month, type, gen_random_uuid(), exchange::uuid,
	    inquirer, '141003', decode(repeat('01', 33), 'hex'), 'b',
	    decode(repeat('02', 32), 'hex'), decode(repeat('03', 32), 'hex'))
$$;
\set e1 '''01936000-0000-7000-8000-000000000001'''
\set e2 '''01936000-0000-7000-8000-000000000002'''
SELECT entry_month_ensure(202611);
SELECT entry_month_ensure(202612);
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO renkei_ledger;
REVOKE ALL ON FUNCTION entry_expire(timestamptz) FROM renkei_ledger;
SET ROLE renkei_ledger;

SELECT lives_ok(format($$SELECT add(0, 1, %L)$$, :e1), 'the ledger appends a permit');
SELECT throws_ok(format($$SELECT add(1, 1, %L)$$, :e1), '23505', NULL,
    'a second permit for the same question is refused');
SELECT lives_ok(format($$SELECT add(1, 1, %L, 'kyokai')$$, :e1),
    'another inquirer may use the same id');
SELECT lives_ok(format($$SELECT add(2, 3, %L)$$, :e1), 'the ledger appends an outcome');
SELECT throws_ok(format($$SELECT add(3, 3, %L)$$, :e1), '23505', NULL,
    'a second outcome is refused');
SELECT throws_ok(format($$SELECT add(3, 4, %L)$$, :e1), '23505', NULL,
    'a lapse after an outcome is refused');
SELECT lives_ok(format($$SELECT add(3, 13, %L)$$, :e1),
    'an answer never collected may follow the outcome');
SELECT throws_ok(format($$SELECT add(4, 13, %L)$$, :e1), '23505', NULL,
    'and only once');
SELECT lives_ok(format($$SELECT add(4, 2, %L), add(5, 2, %L)$$, :e2, :e2),
    'refusals bind no id');
SELECT throws_ok(format($$SELECT add(2, 1, %L)$$, :e2), '23505', NULL,
    'a position is taken once');
SELECT throws_ok(format($$SELECT add(9, 1, %L, 'nenkin', 203005)$$, :e2),
    '23514', NULL, 'a month without a partition is refused');
SELECT lives_ok($$SELECT entry_month_ensure(203005)$$,
    'the ledger may make a month');
SELECT throws_ok($$SELECT entry_month_ensure(203013)$$, 'P0001', NULL,
    'but not a thirteenth');
SELECT is((SELECT count(*) FROM entry), 6::bigint, 'the ledger reads what it wrote');

SELECT throws_ok('UPDATE entry SET body = NULL', '42501', NULL,
    'the ledger cannot change an entry');
SELECT throws_ok('DELETE FROM entry', '42501', NULL,
    'the ledger cannot delete an entry');
SELECT throws_ok('TRUNCATE entry', '42501', NULL,
    'the ledger cannot empty the log');
SELECT throws_ok('UPDATE entry_202611 SET body = NULL', '42501', NULL,
    'nor reach into a partition');
SELECT throws_ok('DROP TABLE entry_202611', '42501', NULL,
    'nor drop one');
SELECT throws_ok('SELECT entry_expire()', '42501', NULL,
    'nor expire what is old');
SELECT lives_ok($$INSERT INTO log_tile VALUES (2026, 0, 0, 'x')$$,
    'the ledger stores a tile');
SELECT throws_ok($$UPDATE log_tile SET data = 'y'$$, '42501', NULL,
    'the ledger cannot change a tile');
SELECT throws_ok($$DELETE FROM log_tile$$, '42501', NULL,
    'the ledger cannot delete a tile');
SELECT lives_ok($$INSERT INTO log_head (log, origin) VALUES (2026, 'o')$$,
    'the ledger opens a year');
SELECT lives_ok($$UPDATE log_head SET size = 6, epoch = 1$$,
    'the ledger moves the head');
SELECT throws_ok($$UPDATE log_head SET origin = 'p'$$, '42501', NULL,
    'the ledger cannot rename a log');
SELECT throws_ok($$DELETE FROM log_head$$, '42501', NULL,
    'the ledger cannot delete a log');
SELECT lives_ok($$INSERT INTO holder VALUES (decode(repeat('01', 32), 'hex'))$$,
    'the ledger notes a holder');
SELECT throws_ok($$DELETE FROM holder$$, '42501', NULL,
    'the ledger cannot forget a holder');
SELECT throws_ok($$UPDATE alias SET value = 'x'$$, '42501', NULL,
    'the ledger cannot turn an alias to another person');

RESET ROLE;
SET ROLE renkei_log_reader;
SELECT lives_ok('SELECT * FROM entry, log_tile, log_head', 'a reader reads the log');
SELECT throws_ok($$INSERT INTO log_tile VALUES (2026, 0, 1, 'x')$$, '42501', NULL,
    'a reader writes nothing');
SELECT throws_ok('SELECT * FROM holder', '42501', NULL,
    'a reader does not see who holds codes');
SELECT throws_ok('SELECT * FROM live', '42501', NULL,
    'a reader does not see live exchanges');

RESET ROLE;
SET ROLE renkei_operator;
SELECT throws_ok('SELECT * FROM entry', '42501', NULL,
    'an operator does not read entries');
SELECT lives_ok($$SELECT entry_month_ensure(201001)$$, 'an operator makes a month');
SELECT is(entry_expire(), 1, 'an operator drops what is past seven years');
SELECT is(entry_expire(), 0, 'and nothing that is not');
SELECT throws_ok($$SELECT entry_expire(now() + interval '8 years')$$, 'P0001', NULL,
    'and not by a clock set forward');
RESET ROLE;
SELECT is((SELECT count(*) FROM entry), 6::bigint, 'the entries are all there');

SELECT * FROM finish();
ROLLBACK;
