#include "broker/docket.h"

#include <string.h>

#include "lib/uuid.h"
#include "tests/unit/suite.h"

#define NOW 1800000000000ull

static struct docket *d;
static uint8_t ids[3000][ID_LEN];

static void
begin(size_t n)
{
	d = docket_new();
	docket_clock(d, NOW);
	docket_remembers(d, NOW - 600000);
	for (size_t i = 0; i < n; i++)
		uuid_make_at(NOW, ids[i]);
}

static void
finds(void)
{
	begin(3000);
	uint64_t tickets[3000];
	for (size_t i = 0; i < 3000; i++)
		tickets[i] = docket_add(d, ids[i], "a", "b")->ticket;
	for (size_t i = 0; i < 3000; i++) {
		struct exchange *x = docket_find(d, "a", ids[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(x);
		CU_ASSERT_PTR_EQUAL(docket_ticket(d, tickets[i]), x);
		CU_ASSERT_PTR_NULL(docket_find(d, "b", ids[i]));
	}
	CU_ASSERT_EQUAL(docket_at(d, STEP_identify), 3000);
	docket_free(d);
}

static void
old_tickets(void)
{
	begin(2);
	struct exchange *x = docket_add(d, ids[0], "a", "b");
	uint64_t ticket = x->ticket;
	docket_remove(d, x);
	x = docket_add(d, ids[1], "a", "b"); /* in the same slot */
	CU_ASSERT_PTR_NULL(docket_ticket(d, ticket));
	CU_ASSERT_PTR_EQUAL(docket_ticket(d, x->ticket), x);
	CU_ASSERT_PTR_NULL(docket_ticket(d, 0));
	CU_ASSERT_PTR_NULL(docket_ticket(d, UINT64_MAX));
	docket_free(d);
}

static void
weighs(void)
{
	begin(1);
	struct exchange *x = docket_add(d, ids[0], "a", "b");
	struct papers *p = docket_papers(d, x);
	for (int i = 0; i < 1000; i++)
		buf_add_u8(&p->ciphertext, 7);
	docket_weigh(d, x);
	CU_ASSERT(docket_bytes(d) >= 1000);
	CU_ASSERT_EQUAL(docket_bytes(d), docket_load(d, "a")->bytes);
	CU_ASSERT_EQUAL(docket_load(d, "a")->messages, 1);
	CU_ASSERT_EQUAL(docket_load(d, "b")->messages, 0);
	CU_ASSERT_EQUAL(docket_in_flight(d), 1);
	docket_let_go(d, x);
	CU_ASSERT_EQUAL(docket_bytes(d), 0);
	CU_ASSERT_EQUAL(docket_load(d, "a")->bytes, 0);
	CU_ASSERT_EQUAL(docket_in_flight(d), 0);
	docket_free(d);
}

/* ---- deadlines ------------------------------------------------------------
 */

static size_t n_due;

static void
count_due(void *ctx, struct exchange *x)
{
	CU_ASSERT_EQUAL(x->due_ms, 0);
	n_due++;
	if (ctx != NULL)
		docket_remove(ctx, x);
}

static size_t
due_at(uint64_t ms)
{
	n_due = 0;
	docket_clock(d, ms);
	docket_tick(d, count_due, NULL);
	return n_due;
}

static void
in_time(void)
{
	begin(3);
	struct exchange *soon = docket_add(d, ids[0], "a", "b");
	struct exchange *later = docket_add(d, ids[1], "a", "b");
	struct exchange *days = docket_add(d, ids[2], "a", "b");
	docket_due(d, soon, NOW + 1000);
	docket_due(d, later, NOW + 60000);
	docket_due(d, days, NOW + 7 * 86400 * 1000ull);
	CU_ASSERT_EQUAL(due_at(NOW + 500), 0);
	CU_ASSERT_EQUAL(due_at(NOW + 1500), 1);
	CU_ASSERT_EQUAL(due_at(NOW + 59000), 0);
	CU_ASSERT_EQUAL(due_at(NOW + 60500), 1);
	/* round and round the wheel, and not before its day */
	size_t seen = 0;
	for (uint64_t ms = 61000; ms < 7 * 86400 * 1000ull; ms += 200000)
		seen += due_at(NOW + ms);
	CU_ASSERT_EQUAL(seen, 0);
	CU_ASSERT_EQUAL(due_at(NOW + 7 * 86400 * 1000ull + 500), 1);
	docket_free(d);
}

static void
moved(void)
{
	begin(2);
	struct exchange *x = docket_add(d, ids[0], "a", "b");
	struct exchange *y = docket_add(d, ids[1], "a", "b");
	docket_due(d, x, NOW + 1000);
	docket_due(d, y, NOW + 1000);
	docket_due(d, x, NOW + 5000);
	CU_ASSERT_EQUAL(due_at(NOW + 1500), 1);
	docket_due(d, x, 0);
	CU_ASSERT_EQUAL(due_at(NOW + 9000), 0);
	docket_due(d, x, NOW + 1); /* overdue: with the next turn */
	CU_ASSERT_EQUAL(due_at(NOW + 9500), 1);
	docket_free(d);
}

static void
leaps(void)
{
	begin(2);
	docket_due(d, docket_add(d, ids[0], "a", "b"), NOW + 1000);
	docket_due(d, docket_add(d, ids[1], "a", "b"), NOW + 3600 * 1000);
	CU_ASSERT_EQUAL(due_at(NOW + 86400 * 1000), 2);
	docket_free(d);
}

static void
removed_while_due(void)
{
	begin(300);
	for (size_t i = 0; i < 300; i++)
		docket_due(d, docket_add(d, ids[i], "a", "b"), NOW + 100);
	n_due = 0;
	docket_clock(d, NOW + 1000);
	docket_tick(d, count_due, d);
	CU_ASSERT_EQUAL(n_due, 300);
	CU_ASSERT_EQUAL(docket_at(d, STEP_identify), 0);
	docket_free(d);
}

/* ---- ids that were asked
 * ----------------------------------------------------- */

static void
doubts_what_it_saw(void)
{
	begin(2);
	CU_ASSERT_FALSE(docket_doubts(d, "a", ids[0]));
	docket_remove(d, docket_add(d, ids[0], "a", "b"));
	CU_ASSERT_TRUE(docket_doubts(d, "a", ids[0]));
	CU_ASSERT_FALSE(docket_doubts(d, "b", ids[0]));
	CU_ASSERT_FALSE(docket_doubts(d, "a", ids[1]));
	docket_free(d);
}

static void
doubts_other_times(void)
{
	uint8_t id[ID_LEN];
	begin(0);
	uuid_make_at(NOW - 700000, id);
	CU_ASSERT_TRUE(docket_doubts(d, "a", id));
	uuid_make_at(NOW + 130000, id);
	CU_ASSERT_TRUE(docket_doubts(d, "a", id));
	uuid_make_at(NOW + 100000, id);
	CU_ASSERT_FALSE(docket_doubts(d, "a", id));
	memset(id, 0, sizeof(id)); /* no UUIDv7 at all */
	CU_ASSERT_TRUE(docket_doubts(d, "a", id));
	docket_free(d);
}

static void
doubts_what_it_forgot(void)
{
	uint8_t first[ID_LEN], id[ID_LEN];
	begin(0);
	uuid_make_at(NOW, first);
	docket_remember(d, "a", first);
	/* two generations later the id is gone, and so is the certainty */
	for (uint64_t ms = NOW; ms < NOW + 3 * 700000; ms += 350000) {
		docket_clock(d, ms);
		uuid_make_at(ms, id);
		docket_remember(d, "a", id);
		CU_ASSERT_TRUE(docket_doubts(d, "a", first));
	}
	docket_clock(d, NOW + 3 * 700000);
	uuid_make_at(NOW + 3 * 700000, id);
	CU_ASSERT_FALSE(docket_doubts(d, "a", id));
	docket_free(d);
}

static const struct suite_case cases[] = {
    {"finds exchanges by inquirer and id, and by ticket", finds},
    {"knows a ticket that is over from one in its place", old_tickets},
    {"counts papers for the inquirer and in all", weighs},
    {"wakes what is due in its time, up to days later", in_time},
    {"wakes at the last time given, and not at the others", moved},
    {"wakes all that a leap of the clock made due", leaps},
    {"lets what is due be removed", removed_while_due},
    {"doubts an id it has seen, of that inquirer only", doubts_what_it_saw},
    {"doubts ids older or later than it remembers", doubts_other_times},
    {"never takes a forgotten id for a new one", doubts_what_it_forgot},
};

SUITE("docket", cases)
