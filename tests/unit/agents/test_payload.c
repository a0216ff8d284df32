#include <string.h>

#include "agents/runtime/payload.h"
#include "tests/unit/suite.h"

#define DAY_MS UINT64_C(86400000)
#define NOW (1000 * DAY_MS)

static struct entry permit;
static uint8_t id[ID_LEN] = {1};

static void
ask(const char *from, const char *until)
{
	permit = (struct entry){.n_data = 1};
	strcpy(permit.data[0], "年金給付関係情報");
	strcpy(permit.period_from, from);
	strcpy(permit.period_until, until);
}

static void
replica_make(
    struct replica *r, const char *year, uint32_t version, const char *content)
{
	struct item item = {.content = content};
	struct record m = {.items = &item, .n_items = 1};

	*r = (struct replica){.version = version, .as_of_ms = NOW - DAY_MS};
	strcpy(r->data, "年金給付関係情報");
	strcpy(r->fiscal_year, year);
	strcpy(item.code, "0021000007");
	strcpy(item.name, "年金額（年額）");
	strcpy(m.data, r->data);
	strcpy(m.fiscal_year, year);
	m.record_version = version;
	record_encode(&m, &r->body);
}

static enum err
build(struct replica *r, size_t n, uint64_t as_of_min, struct payload *out,
    struct arena *a)
{
	struct payload_question q = {.exchange_id = id,
	    .permit = &permit,
	    .as_of_min_ms = as_of_min,
	    .now_ms = NOW};
	struct buf bytes = {0};
	enum err e = payload_build(&q, r, n, NULL, a, &bytes);

	if (e == ERR_NONE)
		e = payload_decode(buf_span(&bytes), a, out);
	buf_free(&bytes);
	return e;
}

static void
replicas_end(struct replica *r, size_t n, struct arena *a)
{
	for (size_t i = 0; i < n; i++)
		buf_free(&r[i].body);
	arena_wipe_free(a);
}

static void
releases_the_newest(void)
{
	struct replica r[3];
	struct arena a = {0};
	struct payload p;

	ask("", "");
	replica_make(&r[0], "2025", 1, "100");
	replica_make(&r[1], "2026", 1, "200");
	replica_make(&r[2], "2026", 2, "300");
	SUITE_ERR(build(r, 3, 0, &p, &a), ERR_NONE);
	CU_ASSERT_EQUAL_FATAL(p.n_parts, 1);
	CU_ASSERT_EQUAL(p.parts[0].outcome, OUTCOME_DATA);
	CU_ASSERT_EQUAL_FATAL(p.parts[0].n_records, 1);
	CU_ASSERT_STRING_EQUAL(p.parts[0].records[0].items[0].content, "300");
	replicas_end(r, 3, &a);
}

static void
releases_the_years_asked(void)
{
	struct replica r[3];
	struct arena a = {0};
	struct payload p;

	ask("2024", "2025");
	replica_make(&r[0], "2024", 1, "100");
	replica_make(&r[1], "2025", 1, "200");
	replica_make(&r[2], "2026", 1, "300");
	SUITE_ERR(build(r, 3, 0, &p, &a), ERR_NONE);
	CU_ASSERT_EQUAL(p.parts[0].n_records, 2);
	ask("2027", "");
	SUITE_ERR(build(r, 3, 0, &p, &a), ERR_NONE);
	CU_ASSERT_EQUAL(p.parts[0].outcome, OUTCOME_NO_RECORD);
	replicas_end(r, 3, &a);
}

static void
keeps_back_what_is_stale(void)
{
	struct replica r[1];
	struct arena a = {0};
	struct payload p;

	ask("", "");
	replica_make(&r[0], "2026", 1, "100");
	SUITE_ERR(build(r, 1, NOW - DAY_MS, &p, &a), ERR_NONE);
	CU_ASSERT_EQUAL(p.parts[0].outcome, OUTCOME_DATA);
	SUITE_ERR(build(r, 1, NOW, &p, &a), ERR_NONE);
	CU_ASSERT_EQUAL(p.parts[0].outcome, OUTCOME_NOT_FRESH);
	CU_ASSERT_EQUAL(p.parts[0].n_records, 0);
	replicas_end(r, 1, &a);
}

static void
keeps_back_what_is_published_no_more(void)
{
	struct replica r[1];
	struct arena a = {0};
	struct payload p;

	ask("", "");
	replica_make(&r[0], "2026", 1, "100");
	r[0].published_until_ms = NOW - 1;
	SUITE_ERR(build(r, 1, 0, &p, &a), ERR_NONE);
	CU_ASSERT_EQUAL(p.parts[0].outcome, OUTCOME_NO_RECORD);
	replicas_end(r, 1, &a);
}

static void
stops_a_my_number(void)
{
	struct replica r[1];
	struct arena a = {0};
	struct payload p;

	ask("", "");
	replica_make(&r[0], "2026", 1, "１２３４ 5678 9018");
	SUITE_ERR(build(r, 1, 0, &p, &a), ERR_TWELVE_DIGITS);
	replicas_end(r, 1, &a);
	replica_make(&r[0], "2026", 1, "1234567890123");
	a = (struct arena){0};
	SUITE_ERR(build(r, 1, 0, &p, &a), ERR_NONE);
	replicas_end(r, 1, &a);
}

static void
flags_count_where_they_are_released(void)
{
	struct payload_question q = {
	    .exchange_id = id, .permit = &permit, .now_ms = NOW};
	struct replica r[2];
	struct arena a = {0};

	ask("", "");
	replica_make(&r[0], "2025", 1, "100");
	replica_make(&r[1], "2026", 1, "200");
	r[0].no_auto_answer = r[0].non_disclosure = true;
	CU_ASSERT_FALSE(payload_needs_official(&q, r, 2));
	CU_ASSERT_FALSE(payload_hides(&q, r, 2));
	r[1].no_auto_answer = r[1].non_disclosure = true;
	CU_ASSERT_TRUE(payload_needs_official(&q, r, 2));
	CU_ASSERT_TRUE(payload_hides(&q, r, 2));
	replicas_end(r, 2, &a);
}

static const struct suite_case cases[] = {
    {"releases the newest version of the newest year", releases_the_newest},
    {"releases the years asked, or says there is none",
	releases_the_years_asked},
    {"keeps back what is older than was demanded", keeps_back_what_is_stale},
    {"keeps back what is no longer published",
	keeps_back_what_is_published_no_more},
    {"stops an answer that holds twelve digits in a row", stops_a_my_number},
    {"flags count only on records that would be released",
	flags_count_where_they_are_released},
};
SUITE("payload", cases)
