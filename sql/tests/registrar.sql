-- The registrar's numbers have their form, and its role its limits.
BEGIN;
SELECT no_plan();
SET ROLE renkei_registrar;

SELECT lives_ok($$INSERT INTO resident VALUES ('123456789018', '10000000001',
    '架空 太郎', '横浜市', '1980-01-01', 1)$$, 'a resident is entered');
SELECT throws_ok($$INSERT INTO resident VALUES ('12345678901', '10000000002',
    'x', 'y', '1980-01-01', 1)$$, '23514', NULL, 'a My Number has twelve digits');
SELECT throws_ok($$INSERT INTO resident VALUES ('123456789026', '1000000000',
    'x', 'y', '1980-01-01', 1)$$, '23514', NULL, 'a resident code has eleven');
SELECT throws_ok($$INSERT INTO resident VALUES ('123456789026', '10000000001',
    'x', 'y', '1980-01-01', 1)$$, '23505', NULL,
    'two residents do not share a resident code');
SELECT throws_ok($$UPDATE resident SET my_number = '123456789026'$$, '42501',
    NULL, 'a My Number is not changed in place');
SELECT throws_ok('DELETE FROM resident', '42501', NULL,
    'a resident is not deleted');
SELECT lives_ok($$UPDATE resident SET resident_code = '10000000003'$$,
    'a resident code may change');
SELECT throws_ok('DELETE FROM resident_change', '42501', NULL,
    'a change of resident code is not forgotten');
SELECT is((SELECT count(*) FROM information_schema.columns
    WHERE table_schema = 'public'
    AND column_name ~ '(link|agency)_?code'), 0::bigint,
    'no column is for a link code');

SELECT * FROM finish();
ROLLBACK;
