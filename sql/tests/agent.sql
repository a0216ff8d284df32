-- Agencies on one host do not see each other's rows; a permit is used once;
-- an exchange record is completed, never removed.
BEGIN;
SELECT no_plan();
SET ROLE renkei_agent;

SET LOCAL renkei.agencies = '141003,271004';
INSERT INTO person VALUES
    ('141003', 'a1', decode(repeat('01', 32), 'hex'), 1, 0, 1),
    ('271004', 'a1', decode(repeat('02', 32), 'hex'), 1, 0, 1);
SELECT is((SELECT count(*) FROM person), 2::bigint,
    'a host that acts for two sees both');
SET LOCAL renkei.agencies = '141003';
SELECT is((SELECT count(*) FROM person), 1::bigint,
    'acting for one it sees that one');
SELECT is((SELECT count(*) FROM person WHERE agency = '271004'), 0::bigint,
    'and not the other, even by name');
SELECT throws_ok($$INSERT INTO person VALUES ('271004', 'a2')$$, '42501', NULL,
    'and cannot write for the other');
UPDATE person SET epoch = 9;
SET LOCAL renkei.agencies = '271004';
SELECT is((SELECT epoch FROM person), 0, 'nor change the other''s rows');
SET LOCAL renkei.agencies = '';
SELECT is((SELECT count(*) FROM person), 0::bigint,
    'acting for nobody it sees nothing');
RESET renkei.agencies;
SELECT is((SELECT count(*) FROM person), 0::bigint,
    'and nothing when it has not said');

SET LOCAL renkei.agencies = '141003';
SELECT throws_ok($$INSERT INTO person (agency, local_id)
    VALUES ('141003', '123456789018')$$, '23514', NULL,
    'a My Number is no local number');
SELECT throws_ok($$INSERT INTO person (agency, local_id, code, acquired_ms)
    VALUES ('141003', 'a2', decode(repeat('01', 32), 'hex'), 1)$$, '23505', NULL,
    'one code belongs to one person of an agency');

INSERT INTO permit_used VALUES ('141003', 'nenkin',
    '01936000-0000-7000-8000-000000000001', decode(repeat('05', 32), 'hex'), 1);
SELECT throws_ok($$INSERT INTO permit_used VALUES ('141003', 'nenkin',
    '01936000-0000-7000-8000-000000000001',
    decode(repeat('06', 32), 'hex'), 2)$$, '23505', NULL,
    'a permit is used once');
SELECT throws_ok('DELETE FROM permit_used', '42501', NULL,
    'and its use is not forgotten');

SELECT lives_ok($$INSERT INTO exchange_record (agency, month, exchange_id, side,
    inquirer, unit, task, provider, data, asked_ms)
    VALUES ('141003', (SELECT month_of(now())),
    '01936000-0000-7000-8000-000000000001', 2, 'nenkin', 'u', '73', '141003',
    '{地方税関係情報}', 1)$$, 'an exchange record is written');
SELECT throws_ok('DELETE FROM exchange_record', '42501', NULL,
    'an exchange record is not removed');
SELECT throws_ok($$UPDATE exchange_record SET inquirer = 'x'$$, '42501', NULL,
    'nor is who asked changed');
SELECT lives_ok($$UPDATE exchange_record SET outcome = 10, answered_ms = 2$$,
    'it is completed with its outcome');

RESET ROLE;
SET ROLE renkei_ledger;
SELECT throws_ok('SELECT * FROM person', '42501', NULL,
    'the broker''s role reads nothing of an agency');
RESET ROLE;
SELECT is((SELECT count(*) FROM pg_class c JOIN pg_namespace n
    ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
    AND a.attname = 'agency' AND NOT c.relispartition
    AND NOT c.relrowsecurity), 0::bigint,
    'every table that names an agency is separated by it');
SELECT is((SELECT count(*) FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name LIKE '%my_number%'),
    0::bigint, 'no column is for a My Number');

SELECT * FROM finish();
ROLLBACK;
