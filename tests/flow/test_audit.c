/* Auditors: what they read is recorded, and what they find. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/uuid.h"
#include "tests/flow/actor.h"
#include "tests/unit/suite.h"

#define WAIT_MS 10000
#define PEOPLE 8

static struct world *w;

static long
reads(void)
{
	return world_count(
	    w, "renkei_broker", "SELECT count(*) FROM entry WHERE type = 9");
}

/* --- a read is an entry ------------------------------------------------------
 */

/* Ask as that party, signed as `type`; the id that was asked under. */
static void
read_send(struct actor *a, const char *type, uint8_t id[static ID_LEN])
{
	struct audit_read q = {.version = 1,
	    .what = "stats",
	    .period_from = "2026-11-01",
	    .time_ms = clock_ms()};
	struct buf body = {0};

	uuid_make(q.read_id);
	memcpy(id, q.read_id, ID_LEN);
	audit_read_encode(&q, &body);
	actor_send(a, FRAME_AUDIT_READ, type, buf_span(&body));
	buf_free(&body);
}

static void
records_a_read_before_it_is_answered(void)
{
	struct actor *auditor = actor_new(w, "auditor");
	struct arena arena = {0};
	struct recorded r;
	struct entry e;
	struct frame f;
	uint8_t id[ID_LEN];
	long before = reads();

	read_send(auditor, "audit-read", id);
	CU_ASSERT_TRUE_FATAL(
	    raw_await(auditor->raw, FRAME_RECORDED, WAIT_MS, &f));
	SUITE_ERR(recorded_decode(f.body, &arena, &r), ERR_NONE);
	SUITE_ERR(entry_decode(r.entry.body, &arena, &e), ERR_NONE);
	SUITE_BYTES(r.id, id, ID_LEN);
	SUITE_BYTES(e.entry_id, id, ID_LEN);
	CU_ASSERT_EQUAL(e.type, ENTRY_READ);
	CU_ASSERT_STRING_EQUAL(e.actor, "auditor");
	CU_ASSERT_STRING_EQUAL(e.note, "stats");
	CU_ASSERT_EQUAL(reads(), before + 1);
	arena_wipe_free(&arena);
	actor_free(auditor);
}

static void
refused(const char *party, const char *type, const char *code)
{
	struct actor *a = actor_new(w, party);
	struct arena arena = {0};
	struct refusal r;
	struct frame f;
	uint8_t id[ID_LEN];
	long before = reads();

	read_send(a, type, id);
	CU_ASSERT_TRUE_FATAL(raw_await(a->raw, FRAME_REFUSAL, WAIT_MS, &f));
	SUITE_ERR(refusal_decode(f.body, &arena, &r), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(r.error, code);
	CU_ASSERT_EQUAL(reads(), before);
	arena_wipe_free(&arena);
	actor_free(a);
}

static void
refuses_an_agency_that_audits(void)
{
	refused("141003", "audit-read", "not-yours");
	refused("portal", "audit-read", "not-yours");
	refused("auditor", "disclosure", "malformed");
}

/* --- search, statistics, reports ---------------------------------------------
 */

static bool
said(const char *text)
{
	if (strstr(world_said(w), text) != NULL)
		return true;
	fprintf(stderr, "wanted %s in:\n%.2000s\n", text, world_said(w));
	return false;
}

static int
audit(const char *words)
{
	return world_renkei(
	    w, "audit %s --config %s/etc/audit.conf", words, world_dir(w));
}

/* 日本年金機構 asks 横浜市 about the i-th person, in that row. */
static int
ask(const char *task, unsigned i)
{
	return world_renkei(w,
	    "inquire --socket %s/nenkin.sock --agency nenkin --task %s"
	    " --procedure p73.001 --provider 141003 --data 地方税関係情報"
	    " --person %s --case F-%u --json",
	    world_run_dir(w), task, world_person(w, "nenkin", i), i);
}

static void
searches_and_counts(void)
{
	long before;

	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(ask("73", i), 0);
	CU_ASSERT_EQUAL(ask("74", 0), 3);
	before = reads();
	CU_ASSERT_EQUAL(audit("search --outcome no-data --json"), 0);
	CU_ASSERT(said("\"task\":\"74\""));
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "\"task\":\"73\""));
	CU_ASSERT(reads() > before);
	CU_ASSERT_EQUAL(audit("search --agency 141003 --data 地方税関係情報"
			      " --task 73 --csv"),
	    0);
	CU_ASSERT(said(",nenkin,窓口第一係,141003,73,p73.001,"));
	CU_ASSERT_EQUAL(audit("search --agency 271004"), 4);
	CU_ASSERT_EQUAL(
	    audit("search --from 2020-01-01 --until 2020-01-31"), 4);
	CU_ASSERT_EQUAL(audit("search --outcome nonsense"), 2);
	CU_ASSERT_EQUAL(audit("search --unit 123456789012"), 1);
	CU_ASSERT(said("twelve-digits"));
	CU_ASSERT_EQUAL(audit("stats --by task --json"), 0);
	CU_ASSERT(said("{\"group\":\"73\",\"asked\":5,\"permitted\":5,"
		       "\"refused\":0,\"provided\":5"));
	CU_ASSERT_EQUAL(world_count(w, "renkei_broker",
			    "SELECT count(*) FROM entry WHERE type = 9 AND "
			    "position('stats by=task'::bytea in body) > 0"),
	    1);
}

/* An inquiry signed by nenkin whose code nobody issued, with this tag. */
static void
bad_inquiry(struct actor *a, const uint8_t tag[static HASH_LEN])
{
	static const uint8_t code[CODE_LEN] = {1, 2, 3};
	const struct question q = {.task = "73",
	    .procedure = "p73.001",
	    .provider = "141003",
	    .data = "地方税関係情報",
	    .principal = "mhlw",
	    .code = code};
	struct inquiry inq;
	struct buf sealed = {0};
	struct frame f;

	actor_inquiry(a, &q, &sealed, &inq);
	memcpy(inq.case_tag, tag, HASH_LEN);
	actor_ask(a, &inq, NULL);
	CU_ASSERT_TRUE(raw_await(a->raw, FRAME_REFUSAL, WAIT_MS, &f));
	buf_free(&sealed);
}

static void
reports_what_stands_out(void)
{
	struct actor *a = actor_new(w, "kyokai");
	uint8_t flat[HASH_LEN], tag[HASH_LEN];

	memset(flat, 0x5a, sizeof(flat));
	for (size_t i = 0; i < sizeof(tag); i++)
		tag[i] = (uint8_t)(3 * i);
	CU_ASSERT_EQUAL(audit("report case-tags"), 4);
	bad_inquiry(a, flat);
	bad_inquiry(a, tag);
	bad_inquiry(a, tag);
	for (unsigned i = 0; i < 20; i++)
		bad_inquiry(a, tag);
	CU_ASSERT_EQUAL(audit("report case-tags --json"), 0);
	CU_ASSERT(said("\"fault\":\"malformed\""));
	CU_ASSERT(said("\"fault\":\"repeated\""));
	CU_ASSERT_EQUAL(audit("report refusals --json"), 0);
	CU_ASSERT(said("\"inquirer\":\"nenkin\",\"outcome\":\"no-data\""));
	CU_ASSERT_EQUAL(audit("report volume --json"), 0);
	CU_ASSERT(said("\"inquirer\":\"kyokai\""));
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "nenkin"));
	CU_ASSERT_EQUAL(audit("report lapsed"), 4);
	CU_ASSERT_EQUAL(audit("report uncollected"), 4);
	CU_ASSERT_EQUAL(audit("report nonsense"), 2);
	actor_free(a);
}

static void
shows_others_nothing(void)
{
	long before = reads();

	CU_ASSERT_EQUAL(
	    world_shell(w,
		"sed -e 's|parties/auditor|parties/nenkin|' -e '1aparty = "
		"nenkin' %s/etc/audit.conf >%s/etc/thief.conf",
		world_dir(w), world_dir(w)),
	    0);
	CU_ASSERT_EQUAL(
	    world_renkei(w, "audit search --config %s/etc/thief.conf --json",
		world_dir(w)),
	    1);
	CU_ASSERT(said("\"error\":\"not-yours\""));
	CU_ASSERT_EQUAL(reads(), before);
}

/* --- the three copies
 * ---------------------------------------------------------
 */

#define CITIES "renkei_agent_cities"

static void
export_of(const char *host, const char *agency)
{
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"records --socket %s/%s.sock --agency %s --export "
		"%s/%s.csv",
		world_run_dir(w), host, agency, world_dir(w), agency),
	    0);
}

static int
reconcile(void)
{
	const char *dir = world_dir(w);

	export_of("nenkin", "nenkin");
	export_of("cities", "141003");
	return world_renkei(w,
	    "audit reconcile --config %s/etc/audit.conf --json nenkin=%s/nenkin"
	    ".csv 141003=%s/141003.csv",
	    dir, dir, dir);
}

static unsigned
times_said(const char *text)
{
	unsigned n = 0;

	for (const char *at = world_said(w); (at = strstr(at, text)) != NULL;
	     at++)
		n++;
	return n;
}

static bool
says_of(const char *what, const char *id)
{
	char text[200];

	snprintf(text, sizeof(text),
	    "\"what\":\"%s\",\"at\":\"141003\",\"side\":\"answered\","
	    "\"exchange\":\"%s\"",
	    what, id);
	return said(text);
}

static void
exports_no_person(void)
{
	char *csv;

	export_of("nenkin", "nenkin");
	csv = world_file(w, "nenkin.csv");
	CU_ASSERT_PTR_NOT_NULL(strstr(csv, ",provided,"));
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_PTR_NULL(strstr(csv, world_person(w, "nenkin", i)));
	CU_ASSERT_PTR_NULL(strstr(csv, "F-0"));
	free(csv);
}

static void
finds_honest_copies_alike(void)
{
	CU_ASSERT_EQUAL(reconcile(), 0);
	CU_ASSERT(said("\"rows\":[]"));
}

/* One of a provider's records removed, one altered, one invented. */
static void
names_exactly_the_three(void)
{
	char removed[64], altered[64], invented[64];

	snprintf(removed, sizeof(removed), "%s",
	    world_sql(w, CITIES,
		"DELETE FROM exchange_record WHERE side = 2 AND sequence = 2 "
		"RETURNING exchange_id::text"));
	snprintf(altered, sizeof(altered), "%s",
	    world_sql(w, CITIES,
		"UPDATE exchange_record SET outcome = 13 WHERE side = 2 AND "
		"sequence = 4 RETURNING exchange_id::text"));
	snprintf(invented, sizeof(invented), "%s",
	    world_sql(w, CITIES,
		"INSERT INTO exchange_record (agency, month, exchange_id, "
		"side, inquirer, unit, task, procedure, provider, data, "
		"asked_ms, answered_ms, outcome, sequence, permit_idx) SELECT "
		"agency, month, overlay(exchange_id::text placing "
		"'aaaaaaaaaaaa' from 25)::uuid, side, inquirer, unit, task, "
		"procedure, provider, data, asked_ms, answered_ms, outcome, "
		"6, permit_idx FROM exchange_record WHERE side = 2 AND "
		"sequence = 5 RETURNING exchange_id::text"));
	CU_ASSERT_EQUAL(reconcile(), 6);
	CU_ASSERT_EQUAL(times_said("\"what\":"), 3);
	CU_ASSERT(says_of("missing", removed));
	CU_ASSERT(says_of("different", altered));
	CU_ASSERT(said("\"fields\":\"outcome\",\"log\":\"provided\","
		       "\"copy\":\"not-held\",\"borne_out\":\"log "
		       "inquirer\""));
	CU_ASSERT(says_of("extra", invented));
}

/* Gone from log and copy alike, a number is still missing in between. */
static void
shows_an_omission_by_its_number(void)
{
	const char *dir = world_dir(w);

	CU_ASSERT_EQUAL(world_shell(w,
			    "sed '/,provided,6,/s/,provided,6,/,provided,8,/' "
			    "%s/141003.csv >%s/gap.csv",
			    dir, dir),
	    0);
	CU_ASSERT_EQUAL(world_renkei(w,
			    "audit reconcile --config %s/etc/audit.conf --json "
			    "141003=%s/gap.csv",
			    dir, dir),
	    6);
	CU_ASSERT(said("\"what\":\"gap\",\"at\":\"141003\""));
	CU_ASSERT(said("sequence 6-7"));
}

static void
refuses_copies_that_are_none(void)
{
	const char *dir = world_dir(w);

	CU_ASSERT_EQUAL(world_renkei(w,
			    "audit reconcile --config %s/etc/audit.conf --json "
			    "nenkin=%s/141003.csv",
			    dir, dir),
	    1);
	CU_ASSERT(said("a record of another agency"));
	CU_ASSERT_EQUAL(world_renkei(w,
			    "audit reconcile --config %s/etc/audit.conf "
			    "141003=%s/parties.tsv",
			    dir, dir),
	    1);
	CU_ASSERT_EQUAL(audit("reconcile"), 2);
}

/* --- the law of then, and a log that is none
 * ----------------------------------
 */

static void
decides_again_under_the_law_of_then(void)
{
	const char *dir = world_dir(w);

	CU_ASSERT_EQUAL(audit("replay --json --policy policy"), 0);
	CU_ASSERT(said("\"rows\":[]"));
	CU_ASSERT_EQUAL(world_shell(w,
			    "cp -r policy %s/other && chmod -R u+w %s/other && "
			    "sed -i '/^73\tmhlw/d' %s/other/delegations.tsv",
			    dir, dir, dir),
	    0);
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"audit replay --config %s/etc/audit.conf --json --policy "
		"%s/other",
		dir, dir),
	    3);
	CU_ASSERT(said("\"what\":\"unknown-law\""));
}

/* One byte of an entry, by the database's superuser. */
static void
flip(void)
{
	world_sql(w, "renkei_broker",
	    "UPDATE entry SET body = set_byte(body, 40, get_byte(body, 40) # 1)"
	    " WHERE type = 1 RETURNING idx::text");
}

static void
shows_nothing_of_a_changed_log(void)
{
	flip();
	CU_ASSERT_EQUAL(audit("search --json"), 6);
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "\"rows\""));
	flip();
	CU_ASSERT_EQUAL(audit("search --json"), 0);
}

static const struct suite_case cases[] = {
    {"records an auditor's read before it is answered",
	records_a_read_before_it_is_answered},
    {"refuses an agency that would audit, and records nothing",
	refuses_an_agency_that_audits},
    {"searches and counts exchanges, and each search is an entry",
	searches_and_counts},
    {"exports an agency's records without a person in them", exports_no_person},
    {"finds honest copies alike", finds_honest_copies_alike},
    {"names exactly the record removed, altered and invented",
	names_exactly_the_three},
    {"shows an omission by its sequence number",
	shows_an_omission_by_its_number},
    {"refuses copies of another agency, and what is no copy",
	refuses_copies_that_are_none},
    {"reports case tags, refusals and volume that stand out",
	reports_what_stands_out},
    {"shows an agency's command nothing", shows_others_nothing},
    {"decides every exchange again under the law of then",
	decides_again_under_the_law_of_then},
    {"shows nothing of a log whose entries were changed",
	shows_nothing_of_a_changed_log},
};

int
main(void)
{
	int failed;

	w = world_new(NULL);
	world_start_all(w);
	world_fill(w, PEOPLE);
	failed = suite_run("audit", cases, sizeof(cases) / sizeof(cases[0]));
	world_stop_all(w);
	world_free(w);
	return failed;
}
