/*
 * Nobody can be followed through the broker, and nothing lies where it should
 * not: canaries in the dumps of all databases, the logs and the front's
 * memory, and nothing in the broker's database that repeats for a person.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define PEOPLE 50
#define TIMES 20
#define FOUND 1
#define SKIPPED 3 /* memory that may not be read here */
#define RUN 8	  /* bytes of which none may come with one person only, ... */
#define OFTEN 4	  /* ... in so many exchanges */

static struct world *w;

static const char *
build(void)
{
	const char *b = getenv("BUILD");

	return b != NULL ? b : "build";
}

/* A shell command that must go well, in $D, the folder of this test's files. */
static void __attribute__((format(printf, 1, 2))) shell(const char *fmt, ...)
{
	char command[3000];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	status = world_shell(w,
	    "( set -e; . %s/env; D=$WORLD/canary; PEOPLE=$WORLD/people; "
	    "ask() { psql -XAtd \"$WORLD_ADMIN dbname=$1\" -c \"$2\"; }; "
	    "mkdir -p $D; %s )",
	    world_dir(w), command);
	if (status != 0)
		fprintf(stderr, "%s: %s\n", command, world_said(w));
	CU_ASSERT_EQUAL_FATAL(status, 0);
}

/* --- the values --------------------------------------------------------------
 */

/* VALUES.tsv: label, tab, hex. */
static void
values_write(void)
{
	shell("for c in my_number resident_code; do ask renkei_registrar "
	      "\"SELECT '$c' || chr(9) || encode(convert_to($c::text, 'UTF8'), "
	      "'hex') FROM resident\" >$D/$c.tsv; done");
	for (const char *const *host =
		 (const char *const[]){"kyokai", "nenkin", "cities", NULL};
	     *host != NULL; host++)
		shell(
		    "ask renkei_agent_%s \"SELECT 'code-%s' || chr(9) || "
		    "encode(code, 'hex') FROM person WHERE code IS NOT NULL\" "
		    ">$D/code-%s.tsv",
		    *host, *host, *host);
	for (const char *const *agency = (const char *const[]){"kyokai",
		 "nenkin", "141003", "271004", NULL};
	     *agency != NULL; agency++)
		shell("grep -ow '1[0-9]\\{12\\}' $PEOPLE/%s.csv | sed "
		      "'s/./3&/g; s/^/payload-%s\t/' >$D/payload-%s.tsv",
		    *agency, *agency, *agency);
	shell("cat $D/*.tsv >$D/all; test $(wc -l <$D/all) -ge %d; "
	      "for f in $D/*.tsv; do test -s $f; done",
	    9 * PEOPLE);
}

/* Look for these values (names of files in $D) in files or --pid PID. */
static int
look(const char *values, const char *where)
{
	return world_shell(w,
	    ". %s/env; D=$WORLD/canary; cd $D; cat %s >looked; "
	    "$OLDPWD/%s/tests/canary looked %s",
	    world_dir(w), values, build(), where);
}

static void
absent(const char *values, const char *where)
{
	int status = look(values, where);

	CU_ASSERT_EQUAL(status, 0);
	if (status != 0)
		fprintf(stderr, "%s in %s: %s\n", values, where, world_said(w));
}

/* The control: what looks for them would find them. */
static void
present(const char *values, const char *where)
{
	CU_ASSERT_EQUAL(look(values, where), FOUND);
}

/* --- the load ----------------------------------------------------------------
 */

static void
people_known(void)
{
	world_start_all(w);
	setenv("CANARY", "1", 1);
	world_fill(w, PEOPLE + 1); /* the city does not know the last */
	values_write();
}

static pid_t
front_pid(void)
{
	world_shell(w, "pgrep -P %d -f -- '--role front'",
	    (int)world_process(w, "broker")->pid);
	return (pid_t)strtol(world_said(w), NULL, 10);
}

static void
front_memory_clean(const char *when)
{
	char pid[32];
	int status;

	if (process_sanitized()) {
		printf("(memory skipped: a sanitizer's is too large) ");
		return;
	}
	snprintf(pid, sizeof pid, "--pid %d", (int)front_pid());
	status = look("all", pid);
	if (status == SKIPPED) {
		printf("(memory skipped: not root) ");
		return;
	}
	CU_ASSERT_EQUAL(status, 0);
	if (status != 0)
		fprintf(stderr, "front, %s: %s\n", when, world_said(w));
}

/* The same fifty, again and again, in turn: nenkin asks the city. */
static void
memory_under_load(void)
{
	shell("{ printf 'person\\tcase\\n'; for i in $(seq %d); do "
	      "head -%d $PEOPLE/nenkin.txt | sed \"s/$/\tcase-$i/\"; done | "
	      "shuf; } "
	      ">$D/batch",
	    TIMES, PEOPLE);
	shell("(%s/renkei inquire --socket $WORLD_RUN/nenkin.sock --agency "
	      "nenkin --provider 141003 --task 73 --procedure p73.001 "
	      "--inquirer-for mhlw --data 地方税関係情報 --batch $D/batch "
	      "--results $D/results >$D/inquire.log 2>&1; echo $? >$D/status) "
	      ">/dev/null 2>&1 &",
	    build());
	for (int i = 0; i < 3; i++)
		front_memory_clean("under load");
	shell("for i in $(seq 1200); do test -e $D/status && break; sleep 0.1; "
	      "done; test $(cat $D/status) -eq 0");
	CU_ASSERT_EQUAL(world_count(w, "renkei_broker",
			    "SELECT count(*) FROM entry WHERE type = 3"),
	    PEOPLE * TIMES);
	front_memory_clean("after it");
}

/* --- what lies where ---------------------------------------------------------
 */

static void
dumps_clean(void)
{
	shell("for d in broker registrar agent_kyokai agent_nenkin "
	      "agent_cities; do pg_dump -d \"$WORLD_ADMIN dbname=renkei_$d\" "
	      ">$D/$d.sql; done; cat $WORLD/log/*.log >$D/logs; "
	      "cat $WORLD/state/signer/* >$D/state");
	absent("all", "broker.sql");
	absent("code-*.tsv payload-*.tsv", "registrar.sql");
	absent("my_number.tsv resident_code.tsv code-nenkin.tsv "
	       "code-cities.tsv payload-nenkin.tsv payload-141003.tsv "
	       "payload-271004.tsv",
	    "agent_kyokai.sql");
	absent("my_number.tsv resident_code.tsv code-kyokai.tsv "
	       "code-cities.tsv payload-kyokai.tsv payload-271004.tsv",
	    "agent_nenkin.sql");
	absent("my_number.tsv resident_code.tsv code-kyokai.tsv "
	       "code-nenkin.tsv payload-kyokai.tsv payload-nenkin.tsv",
	    "agent_cities.sql");
	absent("all", "logs");
	absent("all", "state");
}

static void
canaries_sing(void)
{
	present("my_number.tsv", "registrar.sql");
	present("resident_code.tsv", "registrar.sql");
	present("code-nenkin.tsv", "agent_nenkin.sql");
	present("code-cities.tsv", "agent_cities.sql");
	present("payload-141003.tsv", "agent_cities.sql");
	present("payload-141003.tsv", "agent_nenkin.sql");
}

/* --- nothing repeats
 * -----------------------------------------------------------
 */

static void
no_value_in_two_rows(void)
{
	const char *const columns[] = {"entry_id", "exchange_id", "leaf",
	    "body", "salt", "record_code", "endorsement", "aux", "person"};
	char sql[300];

	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		/* a permit and its outcome speak of one exchange */
		snprintf(sql, sizeof sql,
		    "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) - 1 AS n "
		    "FROM entry WHERE %s IS NOT NULL AND type <> 5 GROUP BY "
		    "type, %s) AS t",
		    columns[i], columns[i]);
		CU_ASSERT_EQUAL(world_count(w, "renkei_broker", sql), 0);
	}
}

/* A run of bytes and who it was seen with. */
struct seen {
	uint8_t run[RUN];
	uint32_t person;   /* 0: a free slot */
	uint32_t exchange; /* the last it was in, of ... */
	uint32_t times;	   /* ... so many */
	bool shared;	   /* with another person */
};

struct sight {
	struct seen *slot;
	size_t cap, n;
};

static void
run_note(struct sight *t, const uint8_t run[static RUN], uint32_t person,
    uint32_t exchange)
{
	uint64_t a;

	memcpy(&a, run, sizeof a);
	a *= 0x9e3779b97f4a7c15u;
	size_t i = a >> 20 & (t->cap - 1);

	while (t->slot[i].person != 0 && memcmp(t->slot[i].run, run, RUN) != 0)
		i = (i + 1) & (t->cap - 1);
	if (t->slot[i].person == 0) {
		t->slot[i].person = person;
		t->slot[i].exchange = exchange;
		t->slot[i].times = 1;
		memcpy(t->slot[i].run, run, RUN);
		t->n++;
		return;
	}
	t->slot[i].shared |= t->slot[i].person != person;
	t->slot[i].times += t->slot[i].exchange != exchange;
	t->slot[i].exchange = exchange;
}

/* Whether it does; the first few that should not are shown. */
static bool
run_tells(const struct seen *s, size_t told)
{
	char hex[2 * RUN + 1];

	if (s->times < OFTEN || s->shared)
		return false;
	if (told > 0 && told < 9) {
		hex_encode(span_of(s->run, RUN), hex);
		fprintf(stderr, "person %u: %s\n", s->person, hex);
	}
	return true;
}

/*
 * Every run of eight bytes of every row: how many occur in several exchanges
 * about one person, and with nobody else? (Two that share a byte of chance
 * beside a millisecond, or a place in two batches, do now and then.) Lines of:
 * person, blank, hex. With `mark` each row is given its person's number, to see
 * that it would be noticed.
 */
static size_t
runs_that_tell(char *lines, bool mark)
{
	struct sight t = {.cap = 1 << 24};
	uint32_t exchange = 0;
	size_t told = 0;
	char *save, *line;

	t.slot = xcalloc(t.cap, sizeof *t.slot);
	for (line = strtok_r(lines, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *hex = strchr(line, ' ') + 1;
		uint32_t person = (uint32_t)strtoul(line, NULL, 10);
		size_t n = strlen(hex) / 2;
		uint8_t *bytes = xmalloc(n + RUN);

		if (hex_decode(span_str(hex), bytes, n) != ERR_NONE)
			abort();
		exchange++;
		if (mark) {
			memset(bytes + n, 0xa5, RUN);
			memcpy(bytes + n, &person, sizeof person);
			n += RUN;
		}
		for (size_t i = 0; i + RUN <= n; i++)
			run_note(&t, bytes + i, person, exchange);
		free(bytes);
	}
	CU_ASSERT_EQUAL(exchange, PEOPLE * TIMES);
	CU_ASSERT(t.n < t.cap / 2);
	for (size_t i = 0; i < t.cap; i++)
		told += run_tells(&t.slot[i], mark ? 0 : told + 1);
	free(t.slot);
	return told;
}

/* All an exchange left in the broker, with the number of its person. */
static char *
exchanges_read(void)
{
	shell("ask renkei_agent_nenkin \"SELECT exchange_id, "
	      "dense_rank() OVER (ORDER BY local_id) FROM exchange_record "
	      "WHERE side = 1\" | tr '|' '\t' >$D/who; "
	      "ask renkei_broker \"SELECT exchange_id, string_agg(encode(leaf "
	      "|| body || salt || record_code || endorsement || coalesce(aux, "
	      "'') || coalesce(person, ''), 'hex'), '' ORDER BY type) FROM "
	      "entry WHERE type IN (1, 3) GROUP BY exchange_id\" | tr '|' '\t' "
	      ">$D/rows; awk 'NR == FNR { who[$1] = $2; next } { print "
	      "who[$1], $2 }' $D/who $D/rows >$D/told");
	return world_file(w, "canary/told");
}

static void
no_run_tells_a_person(void)
{
	char *lines = exchanges_read();

	CU_ASSERT_EQUAL(runs_that_tell(lines, false), 0);
	free(lines);
	lines = exchanges_read();
	CU_ASSERT(runs_that_tell(lines, true) >= PEOPLE);
	free(lines);
}

static const struct suite_case cases[] = {
    {"knows people, each with values of their own", people_known},
    {"finds nothing of them in the front's memory, under load and after",
	memory_under_load},
    {"finds nothing of them where it should not be", dumps_clean},
    {"finds them where they are", canaries_sing},
    {"finds no value in two rows of the broker", no_value_in_two_rows},
    {"finds no run of bytes that comes with one person only",
	no_run_tells_a_person},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	status = suite_run("canaries", cases, sizeof(cases) / sizeof(cases[0]));
	world_free(w);
	return status;
}
