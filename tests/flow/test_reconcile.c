/* The whole system with its real agents: asked, refused, killed, reconciled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crashpoint.h"
#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define PEOPLE 24
#define SECONDS 40

static struct world *w;

/* --- asking ------------------------------------------------------------------
 */

static int
nenkin_asks(const char *provider, const char *words, unsigned person)
{
	return world_renkei(w,
	    "inquire --socket %s/nenkin.sock --agency nenkin --json "
	    "--provider %s --task 73 --procedure p73.001 --inquirer-for mhlw "
	    "--data 地方税関係情報 --case T-1 --person %s %s",
	    world_run_dir(w), provider, world_person(w, "nenkin", person),
	    words);
}

/* Whether what was said last has this in it. */
static bool
said(const char *part)
{
	return strstr(world_said(w), part) != NULL;
}

static long
in_broker(const char *sql)
{
	return world_count(w, "renkei_broker", sql);
}

static void
answers_under_row_73(void)
{
	CU_ASSERT_EQUAL(nenkin_asks("141003", "", 0), 0);
	CU_ASSERT_TRUE(said("\"provided\""));
	CU_ASSERT_TRUE(said("課税年度"));
}

static void
gives_an_honest_retry_the_same_answer(void)
{
	long permits = in_broker("SELECT count(*) FROM entry WHERE type = 1");
	char id[64], *first;
	const char *at;

	CU_ASSERT_EQUAL_FATAL(nenkin_asks("141003", "", 1), 0);
	first = xstrdup(world_said(w));
	at = strstr(first, "\"exchange\":");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	sscanf(at + strlen("\"exchange\":"), " \"%36[^\"]\"", id);
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"inquire --socket %s/nenkin.sock --agency nenkin --json "
		"--retry %s",
		world_run_dir(w), id),
	    0);
	CU_ASSERT_STRING_EQUAL(world_said(w), first);
	CU_ASSERT_EQUAL(in_broker("SELECT count(*) FROM entry WHERE type = 1"),
	    permits + 1);
	free(first);
}

static void
refuses_with_the_reason(void)
{
	long before = in_broker("SELECT count(*) FROM entry WHERE type = 2");

	CU_ASSERT_EQUAL(nenkin_asks("271004", "", 2), 3);
	CU_ASSERT_TRUE(said("no-pia"));
	CU_ASSERT_EQUAL(
	    in_broker("SELECT count(*) FROM entry WHERE type = 2"), before + 1);
}

static void
says_not_held(void)
{
	CU_ASSERT_EQUAL(nenkin_asks("141003", "", PEOPLE - 1), 4);
	CU_ASSERT_TRUE(said("not-held"));
}

static void
does_not_know_a_stranger(void)
{
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"inquire --socket %s/nenkin.sock --agency nenkin --json "
		"--provider 141003 --task 73 --procedure p73.001 "
		"--data 地方税関係情報 --case T-1 --person NOBODY",
		world_run_dir(w)),
	    4);
}

static void
keeps_the_record_of_both_sides(void)
{
	CU_ASSERT_EQUAL(world_renkei(w,
			    "records --socket %s/nenkin.sock --agency nenkin "
			    "--json",
			    world_run_dir(w)),
	    0);
	CU_ASSERT_TRUE(said("\"no-pia\""));
	CU_ASSERT_EQUAL(world_renkei(w,
			    "records --socket %s/cities.sock --agency 141003 "
			    "--json",
			    world_run_dir(w)),
	    0);
	CU_ASSERT_TRUE(said("\"nenkin\""));
	/* another agency of the same host sees nothing of it */
	CU_ASSERT_EQUAL(world_renkei(w,
			    "records --socket %s/cities.sock --agency 271004 "
			    "--json",
			    world_run_dir(w)),
	    4);
	CU_ASSERT_FALSE(said("\"nenkin\""));
}

/* --- killed under load
 * ----------------------------------------------------------- */

/* The exchanges a query names, as one text; the caller frees. */
static char *
exchanges(const char *database, const char *where)
{
	return xstrdup(world_sql(w, database,
	    "SELECT coalesce(string_agg(exchange_id::text, ' ' ORDER BY "
	    "exchange_id), '') FROM %s",
	    where));
}

/*
 * What the log says was provided is what the inquirer holds and what the
 * provider says it released, exchange by exchange: none missing, none more.
 */
static bool
reconciled(void)
{
	char *log = exchanges("renkei_broker",
	    "entry o WHERE o.type = 3 AND o.inquirer = 'nenkin' AND "
	    "o.provider = '141003'");
	char *asked = exchanges("renkei_agent_nenkin",
	    "exchange_record WHERE side = 1 AND provider = '141003' AND "
	    "outcome IN (10, 13)");
	char *answered = exchanges("renkei_agent_cities",
	    "exchange_record WHERE agency = '141003' AND side = 2 AND "
	    "outcome IN (10, 13)");
	bool same = strcmp(log, asked) == 0 && strcmp(log, answered) == 0;

	free(log);
	free(asked);
	free(answered);
	return same;
}

static void
batch_write(void)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/crash.tsv", world_dir(w));
	f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "person\tcase\n");
	for (unsigned i = 0; i < PEOPLE - 1; i++)
		fprintf(f, "%s\tC-%u\n", world_person(w, "nenkin", i), i);
	fclose(f);
}

/* Ask for everybody; the client may lose its agent on the way. */
static void
batch_run(void)
{
	world_renkei(w,
	    "inquire --socket %s/nenkin.sock --agency nenkin --provider "
	    "141003 --task 73 --procedure p73.001 --inquirer-for mhlw --data "
	    "地方税関係情報 --timeout 20 --batch %s/crash.tsv",
	    world_run_dir(w), world_dir(w));
}

static void
revive(const char *name, const char *point)
{
	if (process_alive(world_process(w, name))) {
		fprintf(stderr, "(%s was not passed)\n", point);
		process_stop(world_process(w, name), 10);
	}
	CU_ASSERT_TRUE_FATAL(world_start(w, name, NULL));
}

static void
killed_at(const char *point, const char *name)
{
	char armed[80];
	char *env[] = {armed, NULL};
	long long until = process_clock_ms() + SECONDS * 1000;
	bool same = false;

	snprintf(armed, sizeof armed, "RENKEI_CRASH=%s:1", point);
	process_stop(world_process(w, name), 10);
	CU_ASSERT_TRUE_FATAL(world_start(w, name, env));
	if (strcmp(name, "agent-cities") == 0) {
		/* the provider is revived while the inquirer waits */
		world_shell(w,
		    "(sleep 1; true) & %s/renkei inquire --socket "
		    "%s/nenkin.sock --agency nenkin --provider 141003 --task "
		    "73 --procedure p73.001 --inquirer-for mhlw --data "
		    "地方税関係情報 --no-wait --case C-0 --person %s",
		    getenv("BUILD") != NULL ? getenv("BUILD") : "build",
		    world_run_dir(w), world_person(w, "nenkin", 0));
		for (unsigned i = 1; i < 4; i++)
			nenkin_asks("141003", "--no-wait", i);
		process_wait(world_process(w, name), 3);
	} else {
		batch_run();
	}
	revive(name, point);
	while (!same && process_clock_ms() < until) {
		process_sleep_ms(100);
		same =
		    world_count(w, "renkei_agent_nenkin",
			"SELECT count(*) FROM outgoing WHERE state < 3") == 0 &&
		    reconciled();
	}
	if (!same)
		fprintf(stderr, "after %s the records differ\n", point);
	CU_ASSERT_TRUE(same);
}

static void
reconciles_after_every_kill(void)
{
	static const struct {
		const char *point, *name;
	} at[] = {
	    {"agent.after_store_inquiry", "agent-nenkin"},
	    {"agent.after_send_inquiry", "agent-nenkin"},
	    {"agent.after_answer", "agent-nenkin"},
	    {"agent.after_receipt", "agent-nenkin"},
	    {"agent.after_permit", "agent-cities"},
	    {"agent.after_use", "agent-cities"},
	    {"agent.after_lookup", "agent-cities"},
	    {"agent.after_provision", "agent-cities"},
	    {"agent.after_settled", "agent-cities"},
	};

	batch_write();
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		killed_at(at[i].point, at[i].name);
}

static void
leaves_a_log_that_verifies(void)
{
	if (world_renkei(
		w, "log verify --config %s/etc/log.conf", world_dir(w)) != 0) {
		fprintf(stderr, "%s\n", world_said(w));
		CU_FAIL("the log does not verify");
	}
	CU_ASSERT_EQUAL(
	    in_broker("SELECT count(*) - count(DISTINCT (inquirer, "
		      "exchange_id)) FROM entry WHERE type IN (3, 4)"),
	    0);
}

static const struct suite_case cases[] = {
    {"answers the pension body's inquiry under row 73", answers_under_row_73},
    {"gives an honest retry the same answer",
	gives_an_honest_retry_the_same_answer},
    {"refuses a body without assessment, and says so", refuses_with_the_reason},
    {"says that the provider holds nothing on the person", says_not_held},
    {"asks nobody about a person it does not know", does_not_know_a_stranger},
    {"keeps records at both sides, and apart on one host",
	keeps_the_record_of_both_sides},
    {"reconciles three records after every kill of an agent",
	reconciles_after_every_kill},
    {"leaves a log that verifies", leaves_a_log_that_verifies},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	world_start_all(w);
	world_fill(w, PEOPLE);
	status = suite_run(
	    "reconcile flow", cases, sizeof(cases) / sizeof(cases[0]));
	world_free(w);
	return status;
}
