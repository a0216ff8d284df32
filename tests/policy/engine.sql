-- The statute decided a second time, in SQL over the same files. Shares no
-- code with policy/*.c: only the files, and docs/policy.md for what they mean.
--
-- psql variables: dir (the policy's files), step (1: every boundary, 3: each
-- third). Leaves tables to be copied out: what to ask (day, kind, neighbour,
-- row_data, all_data, asked) and what the law says (permitted by bodies,
-- "right" by classes, procedure_right, named_by).
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;

CREATE TABLE clause (n serial, law text, "row" text, inquirer text, task text,
    provider text, data text, begins date, ends date);
CREATE TABLE statute ("row" text, inquirer text, task text, provider text,
    data text, begins text, ends text);
CREATE TABLE procedure ("row" text, article text, item text, sub text,
    procedure text, data text, begins text, ends text);
CREATE TABLE minted (code text, "row" text, since text, procedure text);
CREATE TABLE renamed (code text, since text, procedure text, why text);
CREATE TABLE pass_a (phrase text, "row" text, data text);
CREATE TABLE pass_b (phrase text, "row" text, data text);
CREATE TABLE local (lgcode text, kind text, prefecture text, name text,
    kana text);
CREATE TABLE named (code text, name text, prefecture text, citation text,
    begins text, ends text);
CREATE TABLE derived (prefix text, of text, suffix text, class text,
    citation text);
CREATE TABLE class (class text, state text, name text, rule text, words text,
    citation text);
CREATE TABLE member (class text, body text, begins text, ends text,
    citation text);
CREATE TABLE cell (cell text, state text, classes text);
CREATE TABLE data_name (data text, same_as text);
CREATE TABLE delegation ("row" text, delegator text, delegate text,
    begins text, ends text, citation text);

-- No quoting in these files: read them as text, a line at a time.
CREATE FUNCTION load_tsv(target regclass, file text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('COPY %s FROM %L WITH (FORMAT csv, DELIMITER E''\t'','
	    ' QUOTE E''\x01'', HEADER true, NULL E''\x02'')', target, file);
END $$;
SELECT load_tsv('statute', :'dir' || '/act_appended_table_2.tsv');
INSERT INTO clause (law, "row", inquirer, task, provider, data, begins, ends)
SELECT 'act', "row", inquirer, task, provider, data, begins::date,
    nullif(ends, '')::date FROM statute;
TRUNCATE statute;
SELECT load_tsv('statute', :'dir' || '/order_table.tsv');
INSERT INTO clause (law, "row", inquirer, task, provider, data, begins, ends)
SELECT 'order', "row", inquirer, task, provider, data, begins::date,
    nullif(ends, '')::date FROM statute;
SELECT load_tsv('procedure', :'dir' || '/order_procedures.tsv');
SELECT load_tsv('minted', :'dir' || '/procedures.tsv');
SELECT load_tsv('renamed', :'dir' || '/procedure_renames.tsv');
SELECT load_tsv('pass_a', :'dir' || '/phrases_a.tsv');
SELECT load_tsv('pass_b', :'dir' || '/phrases_b.tsv');
SELECT load_tsv('local', :'dir' || '/local_governments.tsv');
SELECT load_tsv('named', :'dir' || '/bodies.tsv');
SELECT load_tsv('derived', :'dir' || '/derived.tsv');
SELECT load_tsv('class', :'dir' || '/classes.tsv');
SELECT load_tsv('member', :'dir' || '/members.tsv');
SELECT load_tsv('member', :'dir' || '/designations.tsv');
SELECT load_tsv('cell', :'dir' || '/cells.tsv');
SELECT load_tsv('data_name', :'dir' || '/data_names.tsv');
SELECT load_tsv('delegation', :'dir' || '/delegations.tsv');

-- A text without what only introduces a law or a term: innermost parentheses
-- are judged first; those that stay are written otherwise until all are done.
CREATE FUNCTION plain(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	inner_part text;
BEGIN
	LOOP
		inner_part := substring(t FROM '（([^（）]*)）');
		EXIT WHEN inner_part IS NULL;
		IF inner_part ~ '(同じ|という)。$'
		    OR inner_part ~ '^特別区.*含む。$'
		    OR inner_part ~ '^(明治|大正|昭和|平成|令和).*(号|通知)'
		THEN
			t := regexp_replace(t, '（[^（）]*）', '');
		ELSE
			t := regexp_replace(t, '（([^（）]*)）', '⦅\1⦆');
		END IF;
	END LOOP;
	RETURN replace(replace(t, '⦅', '（'), '⦆', '）');
END $$;

-- Who is in which class, from the register's names and kinds.
CREATE TABLE belongs (class text, body text, begins date, ends date);
INSERT INTO belongs
SELECT c.class, l.lgcode, '-infinity', 'infinity'
FROM class c, unnest(string_to_array(c.rule, ' ')) r, local l
WHERE r = 'kind:' || l.kind
    OR (r LIKE 'name:%' AND l.kind = 'municipality'
	AND right(l.name, 1) = substr(r, 6));
INSERT INTO belongs
SELECT c.class, substr(r, 6), '-infinity', 'infinity'
FROM class c, unnest(string_to_array(c.rule, ' ')) r WHERE r LIKE 'body:%';
INSERT INTO belongs
SELECT d.class, d.prefix || l.lgcode, '-infinity', 'infinity'
FROM derived d JOIN local l ON l.kind = d.of;
INSERT INTO belongs
SELECT class, body, begins::date, coalesce(nullif(ends, '')::date, 'infinity')
FROM member;
CREATE TABLE lives (body text PRIMARY KEY, begins date, ends date);
INSERT INTO lives SELECT lgcode, '-infinity', 'infinity' FROM local;
INSERT INTO lives SELECT code, begins::date,
    coalesce(nullif(ends, '')::date, 'infinity') FROM named;
INSERT INTO lives SELECT d.prefix || l.lgcode, '-infinity', 'infinity'
FROM derived d JOIN local l ON l.kind = d.of;
CREATE INDEX ON belongs (class);

CREATE TABLE cell_class AS
SELECT cell, k AS class FROM cell, unnest(string_to_array(classes, ' ')) k;

CREATE TABLE settled AS
SELECT c.n, c.law, c."row", plain(c.inquirer) AS inquirer,
    plain(c.provider) AS provider,
    coalesce(nullif(d.same_as, ''), d.data) AS data, c.begins,
    coalesce(c.ends, 'infinity') AS ends
FROM clause c JOIN data_name d ON d.data = plain(c.data);

-- Bodies of exactly the same classes, on the same days, are one kind: the law
-- cannot tell them apart. The first of each kind stands for it everywhere.
CREATE TABLE kind AS
SELECT min(body) AS body FROM (
    SELECT l.body, l.begins, l.ends, string_agg(concat_ws(' ', b.class,
	b.begins, b.ends), ',' ORDER BY b.class, b.begins) AS classes
    FROM lives l LEFT JOIN belongs b USING (body)
    GROUP BY l.body, l.begins, l.ends) x
GROUP BY begins, ends, classes;

-- What is asked: of each row, every kind of every other for the row's data of
-- any date (strangers), and the bodies of the row's cells of any date for all
-- other data (neighbours).
CREATE TABLE neighbour AS
SELECT DISTINCT s."row", 'inquirer' AS side, b.body
FROM settled s JOIN cell_class k ON k.cell = s.inquirer
    JOIN belongs b USING (class) JOIN kind USING (body)
UNION
SELECT DISTINCT s."row", 'provider', b.body
FROM settled s JOIN cell_class k ON k.cell = s.provider
    JOIN belongs b USING (class) JOIN kind USING (body)
UNION
SELECT d."row", 'inquirer', d.delegate FROM delegation d;
CREATE TABLE row_data AS SELECT DISTINCT "row", data FROM settled;
CREATE TABLE all_data AS
SELECT DISTINCT coalesce(nullif(same_as, ''), data) AS data FROM data_name;
CREATE TABLE asked AS
SELECT sum(own * kinds * kinds + (every - own) * inquirers * providers) AS n
FROM (SELECT "row", count(*) AS own FROM row_data GROUP BY 1) o
    JOIN (SELECT "row", count(*) FILTER (WHERE side = 'inquirer') AS inquirers,
	count(*) FILTER (WHERE side = 'provider') AS providers
	FROM neighbour GROUP BY 1) h USING ("row"),
    (SELECT count(*) AS kinds FROM kind) k,
    (SELECT count(*) AS every FROM all_data) e;

-- Each dated text of the order, and 別表第二, begins on a boundary: the day
-- before, the day of, the day after, and the last day of what it replaces
-- (which is the day before). The newest text has no last day; a later day
-- stands for it. Every third boundary is tried, or every one; the change of
-- generation always is.
CREATE TABLE day AS
SELECT DISTINCT (b + o) AS day FROM (
    SELECT b, row_number() OVER (ORDER BY b) AS i FROM (
	SELECT begins AS b FROM settled UNION
	SELECT ends FROM settled WHERE ends <> 'infinity' UNION
	SELECT begins::date FROM procedure UNION
	SELECT nullif(ends, '')::date FROM procedure WHERE ends <> '' UNION
	SELECT date '2027-01-01') x) y,
    generate_series(-1, 1) o
WHERE i % :step = 0 OR b = '2024-05-27';

-- A body asks in its own name, or under a delegation of this row.
CREATE TABLE asks AS
SELECT s.n, b.body, greatest(b.begins, v.begins, s.begins) AS begins,
    least(b.ends, v.ends, s.ends) AS ends
FROM settled s JOIN cell_class k ON k.cell = s.inquirer
    JOIN belongs b USING (class) JOIN lives v USING (body)
    JOIN kind USING (body)
UNION
SELECT s.n, d.delegate, greatest(b.begins, s.begins, d.begins::date),
    least(b.ends, s.ends, coalesce(nullif(d.ends, '')::date, 'infinity'))
FROM settled s JOIN cell_class k ON k.cell = s.inquirer
    JOIN belongs b USING (class)
    JOIN delegation d ON d."row" = s."row" AND d.delegator = b.body;
CREATE TABLE answers AS
SELECT s.n, b.body, greatest(b.begins, v.begins) AS begins,
    least(b.ends, v.ends) AS ends
FROM settled s JOIN cell_class k ON k.cell = s.provider
    JOIN belongs b USING (class) JOIN lives v USING (body)
    JOIN kind USING (body);

CREATE TABLE permitted AS
SELECT DISTINCT y.day, s."row", a.body AS inquirer, p.body AS provider, s.data
FROM settled s JOIN asks a USING (n) JOIN answers p USING (n)
    JOIN day y ON y.day >= a.begins AND y.day < a.ends
	AND y.day >= p.begins AND y.day < p.ends;

-- One class may ask another where every member may ask every member.
CREATE TABLE stands AS
SELECT y.day, b.class, b.body, count(*) OVER (PARTITION BY y.day, b.class) AS n
FROM kind JOIN belongs b USING (body) JOIN lives v USING (body)
    JOIN day y ON y.day >= greatest(b.begins, v.begins)
	AND y.day < least(b.ends, v.ends);
CREATE TABLE "right" AS
SELECT p.day, p."row", i.class AS inquirer, o.class AS provider, p.data
FROM permitted p JOIN stands i ON i.day = p.day AND i.body = p.inquirer
    JOIN stands o ON o.day = p.day AND o.body = p.provider
GROUP BY p.day, p."row", i.class, o.class, p.data, i.n, o.n
HAVING count(*) = i.n * o.n;

-- Procedures. What a line says of its data, without parentheses: references
-- to lines of another item (第一号イからニまで及びトに掲げる情報, 前号…), and
-- after them and the last に係る a phrase.
CREATE FUNCTION bare(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	WHILE t ~ '（[^（）]*）' LOOP
		t := regexp_replace(t, '（[^（）]*）', '', 'g');
	END LOOP;
	RETURN t;
END $$;
CREATE FUNCTION number(t text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT 10 * CASE WHEN t !~ '十' THEN 0 WHEN t ~ '^十' THEN 1
		ELSE strpos('一二三四五六七八九', left(t, 1)) END
	    + strpos('一二三四五六七八九',
		coalesce(substring(t FROM '[一二三四五六七八九]$'), '無'))
$$;
CREATE TABLE line AS
SELECT row_number() OVER () AS n, "row", article, item, sub,
    split_part(item, '-', 1) || '.' || lpad(split_part(item, '-', 2), 3, '0')
	AS place, plain(procedure) AS procedure, bare(data) AS said,
    begins::date, coalesce(nullif(ends, '')::date, 'infinity') AS ends
FROM procedure;
CREATE TABLE reference AS
SELECT n, m[1] AS item, m[2] AS subs
FROM line, regexp_matches(said, '(前号|第[一二三四五六七八九十]+号'
    '(?:の[一二三四五六七八九十]+)?)'
    '((?:[ァ-ヺ、]|から|まで|及び|又は)*)に掲げる情報', 'g') m;
CREATE TABLE clear AS
SELECT l.n FROM line l LEFT JOIN reference r USING (n)
GROUP BY l.n, l.said
HAVING count(r.item) = (length(l.said)
    - length(replace(l.said, 'に掲げる情報', ''))) / length('に掲げる情報');
CREATE TABLE meant AS
SELECT n, CASE WHEN item = '前号' THEN NULL
    ELSE number(substring(item FROM '^第(.+?)号')) || coalesce('-'
	|| number(substring(item FROM 'の(.+)$')), '') END AS item,
    CASE WHEN subs <> '' THEN ARRAY(
	SELECT substr(iroha, g, 1)
	FROM regexp_matches(subs, '([ァ-ヺ])(?:から([ァ-ヺ])まで)?', 'g') m,
	    generate_series(strpos(iroha, m[1]),
		strpos(iroha, coalesce(m[2], m[1]))) g) END AS subs
FROM reference JOIN clear USING (n), (VALUES ('イロハニホヘトチリヌルヲワカ'
    'ヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス'))
    v (iroha);

-- A phrase counts where both passes give it the same data.
CREATE FUNCTION settle(list text) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT array_agg(coalesce(nullif(same_as, ''), data) ORDER BY 1)
	FROM data_name WHERE data = ANY (string_to_array(list, '|'))
$$;
CREATE TABLE own_data AS
SELECT l.n, unnest(settle(a.data)) AS data
FROM line l JOIN clear USING (n),
    regexp_replace(regexp_replace(regexp_replace(l.said, '^.*に掲げる情報',
	''), '^(及び|並びに)', ''), '^.*に係る', '') t,
    pass_a a, pass_b b
WHERE a.phrase = t AND b.phrase = t AND a."row" = l."row"
    AND b."row" = l."row" AND settle(a.data) = settle(b.data);

-- Which line points at which on a day: of the same row and article.
CREATE TABLE today AS
SELECT y.day, l.*, dense_rank() OVER (PARTITION BY y.day, l."row", l.article
    ORDER BY string_to_array(l.place, '.')::int[]) AS nth
FROM line l JOIN day y ON y.day >= l.begins AND y.day < l.ends;
CREATE INDEX ON today (day, "row", article);
CREATE TABLE points AS
SELECT DISTINCT a.day, a.n, b.n AS at
FROM today a JOIN meant m USING (n) JOIN today b ON b.day = a.day
    AND b."row" = a."row" AND b.article = a.article AND b.n <> a.n
    AND (b.item = m.item OR (m.item IS NULL AND b.nth = a.nth - 1))
    AND (m.subs IS NULL OR b.sub = ANY (m.subs));
CREATE TABLE allowed AS
WITH RECURSIVE reach AS (
    SELECT day, n, n AS at, 0 AS hops FROM today
    UNION
    SELECT r.day, r.n, p.at, hops + 1
    FROM reach r JOIN points p ON p.day = r.day AND p.n = r.at
    WHERE hops < 4)
SELECT DISTINCT r.day, t."row", t.n, c.code, o.data
FROM reach r JOIN today t USING (day, n) JOIN own_data o ON o.n = r.at,
    LATERAL (SELECT code FROM (
	SELECT code, since, procedure FROM minted m WHERE m."row" = t."row"
	UNION ALL
	SELECT code, x.since, x.procedure FROM renamed x
	    JOIN minted m USING (code) WHERE m."row" = t."row") z
	WHERE z.procedure = t.procedure AND z.since::date <= t.begins
	ORDER BY z.since DESC LIMIT 1) c;
CREATE TABLE procedure_right AS
SELECT DISTINCT a.day, a.code, a.data FROM allowed a
WHERE EXISTS (SELECT FROM permitted p WHERE p.day = a.day
    AND p."row" = a."row" AND p.data = a.data);

-- Every body of every cell, on the first two days tried and the last.
CREATE TABLE named_by AS
SELECT DISTINCT y.day, k.cell, b.body
FROM cell_class k JOIN belongs b USING (class) JOIN lives v USING (body)
    JOIN (SELECT day, row_number() OVER (ORDER BY day) AS i,
	count(*) OVER () AS n FROM day) y
    ON (i <= 2 OR i = n) AND y.day >= greatest(b.begins, v.begins)
	AND y.day < least(b.ends, v.ends);
COMMIT;
