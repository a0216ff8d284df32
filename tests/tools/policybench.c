/*
 * How fast the policy decides, loads, and how much memory it takes: with the
 * statute's own rows, and with a table of at least ROWS rows in force.
 *
 *	policybench DIR ROWS [--demand]
 *
 * --demand exits 1 unless 2,000,000 decisions/s, 2 s and 64 MiB are kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/policy.h"
#include "policy/query.h"

#define DAY 20261123
#define QUESTIONS 4096
#define ROUNDS 1000

/* One file of a blob begins at *at; moves past it. */
static struct span
file_next(struct span blob, size_t *at, struct span *name)
{
	const uint8_t *p = blob.p + *at;
	uint64_t size = 0;

	*name = span_of(p + 1, p[0]);
	p += 1 + p[0];
	for (int i = 0; i < 8; i++)
		size = size << 8 | *p++;
	*at = (size_t)(p - blob.p) + size;
	return span_of(p, size);
}

static void
file_add(struct buf *out, struct span name, struct span bytes)
{
	buf_add_u8(out, (uint8_t)name.n);
	buf_add(out, name.p, name.n);
	buf_add_u64(out, bytes.n);
	buf_add(out, bytes.p, bytes.n);
}

/* The table again and again under other row numbers: 12-2 -> 3012-2. */
static void
table_multiply(struct span table, unsigned times, struct buf *out)
{
	const char *text = (const char *)table.p, *end = text + table.n;
	const char *lines = memchr(text, '\n', table.n) + 1;

	buf_add(out, table.p, table.n);
	for (unsigned k = 1; k < times; k++)
		for (const char *at = lines; at < end;) {
			const char *next = memchr(at, '\n', end - at) + 1;

			buf_printf(out, "%u", k * 1000 + (unsigned)atoi(at));
			at += strspn(at, "0123456789");
			buf_add(out, at, next - at);
			at = next;
		}
}

static void
blob_multiply(struct span blob, unsigned times, struct buf *out)
{
	size_t at = strlen("renkei/v1/policy") + 1;

	buf_add(out, blob.p, at);
	while (at < blob.n) {
		struct span name, bytes = file_next(blob, &at, &name);
		struct buf table = {0};

		if (span_equal(name, span_str("order_table.tsv"))) {
			table_multiply(bytes, times, &table);
			bytes = buf_span(&table);
		}
		file_add(out, name, bytes);
		buf_free(&table);
	}
}

/* Strings of its own, as a message just unpacked has. */
struct question {
	char inquirer[32], task[16], provider[32], data[512];
	const char *list[1];
	struct policy_question q;
};

static const char *const bodies[] = {"141003", "131016", "130001", "kyokai",
    "nenkin", "mhlw", "moj", "pm", "013030", "x-kenpo-1", "jasso",
    "edu-130001"};
#define BODIES (sizeof(bodies) / sizeof(bodies[0]))

static void
question_make(const struct policy *p, struct question *x, unsigned seed)
{
	size_t rows = policy_rows(p);
	struct policy_row r;

	srand(seed);
	for (size_t i = (size_t)rand() % rows; !policy_row(p, i, DAY, &r);)
		i = (i + 1) % rows;
	snprintf(x->inquirer, sizeof(x->inquirer), "%s",
	    bodies[(size_t)rand() % BODIES]);
	snprintf(x->provider, sizeof(x->provider), "%s",
	    bodies[(size_t)rand() % BODIES]);
	snprintf(x->task, sizeof(x->task), "%s", r.row);
	snprintf(x->data, sizeof(x->data), "%s", r.data_plain);
	x->list[0] = x->data;
	x->q = (struct policy_question){.inquirer = x->inquirer,
	    .inquirer_for = "",
	    .task = x->task,
	    .procedure = "",
	    .provider = x->provider,
	    .provider_for = "",
	    .data = x->list,
	    .n_data = 1,
	    .day = DAY};
}

/* Processor time of this thread, in us: others' load is not ours. */
static uint64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Decisions a second over many different questions. */
static double
decisions(const struct policy *p, bool lawful)
{
	struct question *x = xcalloc(QUESTIONS, sizeof(*x));
	unsigned n = 0, permitted = 0;
	uint64_t started;

	for (unsigned seed = 1; n < QUESTIONS; seed++) {
		struct policy_verdict v;

		question_make(p, &x[n], seed);
		if (!lawful ||
		    policy_decide(p, &x[n].q, &v) == OUTCOME_PERMITTED)
			n++;
	}
	started = cpu_us();
	for (unsigned k = 0; k < ROUNDS; k++)
		for (unsigned i = 0; i < QUESTIONS; i++) {
			struct policy_verdict v;

			permitted +=
			    policy_decide(p, &x[i].q, &v) == OUTCOME_PERMITTED;
		}
	started = cpu_us() - started;
	printf("  %s: %.2f M decisions/s (%.0f %% permitted)\n",
	    lawful ? "lawful" : "mixed ",
	    (double)QUESTIONS * ROUNDS / (double)started,
	    100.0 * permitted / ((double)QUESTIONS * ROUNDS));
	free(x);
	return (double)QUESTIONS * ROUNDS * 1e6 / (double)started;
}

/* Resident memory now, in MiB. */
static double
resident(void)
{
	long pages = 0, skipped = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f != NULL) {
		if (fscanf(f, "%ld %ld", &skipped, &pages) != 2)
			pages = 0;
		fclose(f);
	}
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static size_t
rows_in_force(const struct policy *p)
{
	struct policy_row r;
	size_t n = 0;

	for (size_t i = 0; i < policy_rows(p); i++)
		n += policy_row(p, i, DAY, &r);
	return n;
}

/* Parse, time and measure; false if a demand is not met. */
static bool
policy_measure(struct span blob)
{
	double before = resident(), memory, slow;
	uint64_t started = cpu_us();
	struct policy *p;
	struct buf why = {0};
	bool kept;

	if (policy_parse(blob, &p, &why) != ERR_NONE) {
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
		exit(1);
	}
	started = cpu_us() - started;
	memory = resident() - before;
	printf("%zu rows in force: parsed in %.0f ms, %.1f MiB\n",
	    rows_in_force(p), (double)started / 1000, memory);
	slow = decisions(p, false);
	kept = decisions(p, true) >= 2e6 && slow >= 2e6 && started < 2000000 &&
	       memory < 64;
	policy_free(p);
	return kept;
}

int
main(int argc, char **argv)
{
	struct buf blob = {0}, large = {0}, why = {0};
	bool demand = argc == 4 && strcmp(argv[3], "--demand") == 0;
	bool kept;

	if (argc != 3 && !demand) {
		fprintf(stderr, "policybench DIR ROWS [--demand]\n");
		return 2;
	}
	if (policy_pack(argv[1], &blob, &why) != ERR_NONE) {
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
		return 1;
	}
	blob_multiply(buf_span(&blob),
	    (unsigned)strtoul(argv[2], NULL, 10) / 716 + 1, &large);
	kept = policy_measure(buf_span(&blob));
	kept &= policy_measure(buf_span(&large));
	buf_free(&blob);
	buf_free(&large);
	return demand && !kept;
}
