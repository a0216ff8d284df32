/* Real agents on a real broker: what staff ask, and what survives a kill. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crashpoint.h"
#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define PEOPLE 14
#define TAX "地方税関係情報"

static struct world *w;
static unsigned cases_asked;

/* --- asking as a member of the staff would ------------------------------- */

/* nenkin asks 141003 about the i-th person under row 73; more options. */
static int
ask(unsigned person, const char *more)
{
	char number[64];

	snprintf(
	    number, sizeof number, "%s", world_person(w, "nenkin", person));
	return world_renkei(w,
	    "inquire --socket %s/run/nenkin.sock --agency nenkin --task 73 "
	    "--procedure p73.001 --inquirer-for mhlw --provider 141003 "
	    "--data " TAX " --unit u --case c-%u --person %s %s",
	    world_dir(w), ++cases_asked, number, more);
}

static bool
said(const char *part)
{
	if (strstr(world_said(w), part) != NULL)
		return true;
	fprintf(stderr, "test_agents: no %s in: %.400s\n", part, world_said(w));
	return false;
}

/* The exchange id in the JSON that was said; a static buffer. */
static const char *
said_exchange(void)
{
	static char id[40];
	const char *at = strstr(world_said(w), "\"exchange\":\"");

	snprintf(id, sizeof id, "%.36s", at != NULL ? at + 12 : "");
	return id;
}

static int
nenkin(const char *what, const char *exchange)
{
	return world_renkei(w,
	    "inquire --socket %s/run/nenkin.sock --agency nenkin --json %s %s",
	    world_dir(w), what, exchange);
}

static int
city(const char *command, const char *more)
{
	return world_renkei(w,
	    "%s --socket %s/run/cities.sock --agency 141003 --json %s", command,
	    world_dir(w), more);
}

/* --- an inquiry ------------------------------------------------------------
 */

static void
answers(void)
{
	CU_ASSERT_EQUAL(ask(0, "--json"), 0);
	CU_ASSERT_TRUE(said("\"outcome\":\"provided\""));
	CU_ASSERT_TRUE(said("\"official\":true"));
	CU_ASSERT_TRUE(said("\"name\":\"合計所得金額\""));
	CU_ASSERT_TRUE(said("\"empty\":\"not-applicable\""));
}

static void
refuses_by_law(void)
{
	char number[64];

	snprintf(number, sizeof number, "%s", world_person(w, "141003", 1));
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"inquire --socket %s/run/cities.sock --agency 141003 --task 48 "
		"--procedure p48.022 --provider nenkin --data 年金給付関係情報 "
		"--unit u --case c --person %s --json",
		world_dir(w), number),
	    3);
	CU_ASSERT_TRUE(said("\"outcome\":\"no-data\""));
	CU_ASSERT_TRUE(said("\"log_index\""));
	CU_ASSERT_TRUE(said("48の項"));
}

static void
says_not_held(void)
{
	/* the last of them is unknown to the city */
	CU_ASSERT_EQUAL(ask(PEOPLE - 1, "--json"), 4);
	CU_ASSERT_TRUE(said("\"outcome\":\"not-held\""));
}

static void
says_who_has_no_code(void)
{
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"inquire --socket %s/run/nenkin.sock --agency nenkin --task 73 "
		"--procedure p73.001 --provider 141003 --data " TAX
		" --unit u --case c --person nobody --json",
		world_dir(w)),
	    4);
	CU_ASSERT_TRUE(said("\"about\":\"code\""));
}

static void
keeps_back_what_is_stale(void)
{
	CU_ASSERT_EQUAL(ask(0, "--json --fresh 2026-11-01"), 0);
	CU_ASSERT_TRUE(said("\"outcome\":\"not-fresh\""));
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "合計所得金額"));
	CU_ASSERT_EQUAL(ask(0, "--json --from 2019 --until 2020"), 0);
	CU_ASSERT_TRUE(said("\"outcome\":\"no-record\""));
}

static void
needs_a_case(void)
{
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"inquire --socket %s/run/nenkin.sock --agency nenkin --task 73 "
		"--provider 141003 --data " TAX " --person x --json",
		world_dir(w)),
	    2);
	CU_ASSERT_TRUE(said("\"about\":\"case\""));
	CU_ASSERT_EQUAL(ask(0, "--relation 123456789012 --json"), 1);
	CU_ASSERT_TRUE(said("twelve-digits"));
}

static void
repeats_itself(void)
{
	char first[65536], id[40];

	CU_ASSERT_EQUAL(ask(2, "--json"), 0);
	snprintf(first, sizeof first, "%s", world_said(w));
	snprintf(id, sizeof id, "%s", said_exchange());
	CU_ASSERT_EQUAL(nenkin("--retry", id), 0);
	CU_ASSERT_STRING_EQUAL(first, world_said(w));
	CU_ASSERT_EQUAL(nenkin("--show", id), 0);
	CU_ASSERT_TRUE(said("合計所得金額"));
	CU_ASSERT_EQUAL(
	    nenkin("--show", "01a209ca-0000-7000-8000-000000000000"), 4);
	CU_ASSERT_TRUE(said("not-found"));
}

static void
refuses_an_id_used_before(void)
{
	char option[80];

	CU_ASSERT_EQUAL(ask(3, "--json"), 0);
	snprintf(
	    option, sizeof option, "--json --exchange %s", said_exchange());
	CU_ASSERT_EQUAL(ask(4, option), 1);
	CU_ASSERT_TRUE(said("other-body"));
}

static void
keeps_both_records(void)
{
	char option[80];

	CU_ASSERT_EQUAL(ask(5, "--json"), 0);
	snprintf(option, sizeof option, "--exchange %s", said_exchange());
	CU_ASSERT_EQUAL(city("records", option), 0);
	CU_ASSERT_TRUE(said("\"side\":2"));
	CU_ASSERT_TRUE(said("\"outcome\":\"provided\""));
	/* the case and the official's name are the inquirer's own */
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "\"case\":\"c-"));
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"records --socket %s/run/nenkin.sock --agency nenkin --json %s",
		world_dir(w), option),
	    0);
	CU_ASSERT_TRUE(said("\"side\":1"));
	CU_ASSERT_TRUE(said("\"case\":\"c-"));
	CU_ASSERT_TRUE(world_until(
	    w, "renkei_agent_cities", "SELECT count(*) FROM kept", "0", 5));
}

/* --- an official decides ---------------------------------------------------
 */

/* The city's record of that person waits for an official from now on. */
static void
flag(unsigned person)
{
	world_sql(w, "renkei_agent_cities",
	    "UPDATE record SET no_auto_answer = true WHERE agency = '141003' "
	    "AND local_id = '%s' RETURNING 'x'",
	    world_person(w, "141003", person));
}

static void
waits_for_an_official(void)
{
	char id[40];

	flag(6);
	CU_ASSERT_EQUAL(ask(6, "--json"), 0);
	CU_ASSERT_TRUE(said("\"outcome\":\"pending\""));
	snprintf(id, sizeof id, "%s", said_exchange());
	CU_ASSERT_EQUAL(city("pending list", ""), 0);
	CU_ASSERT_TRUE(said(id));
	CU_ASSERT_EQUAL(city("pending answer", id), 0);
	CU_ASSERT_TRUE(world_until(w, "renkei_agent_nenkin",
	    "SELECT count(*) FROM outgoing WHERE state < 3", "0", 5));
	CU_ASSERT_EQUAL(nenkin("--show", id), 0);
	CU_ASSERT_TRUE(said("合計所得金額"));
	CU_ASSERT_EQUAL(city("pending answer", id), 4);
}

static void
withholds_with_a_reason(void)
{
	char id[80];

	CU_ASSERT_EQUAL(ask(6, "--json"), 0);
	snprintf(id, sizeof id, "%s", said_exchange());
	CU_ASSERT_EQUAL(city("pending withhold", id), 2);
	strcat(id, " --reason under-review");
	CU_ASSERT_EQUAL(city("pending withhold", id), 0);
	CU_ASSERT_TRUE(world_until(w, "renkei_agent_nenkin",
	    "SELECT count(*) FROM outgoing WHERE state < 3", "0", 5));
	id[36] = '\0';
	CU_ASSERT_EQUAL(nenkin("--show", id), 3);
	CU_ASSERT_TRUE(said("\"outcome\":\"withheld\""));
	CU_ASSERT_TRUE(said("under-review"));
}

static void
stops_a_my_number(void)
{
	/* somebody wrote past the importer: a text of twelve digits */
	world_sql(w, "renkei_agent_cities",
	    "UPDATE record SET body = overlay(body PLACING "
	    "'\\x220c313233343536373839303132'::bytea FROM "
	    "position('\\x2204'::bytea IN body) FOR 6) "
	    "WHERE agency = '141003' AND local_id = '%s' RETURNING 'x'",
	    world_person(w, "141003", 7));
	CU_ASSERT_EQUAL(ask(7, "--json"), 3);
	CU_ASSERT_TRUE(said("\"outcome\":\"provider-refused\""));
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "123456789012"));
}

/* --- kills -------------------------------------------------------------------
 */

static void
agent_start(const char *host, const char *crash)
{
	char name[32], armed[80];
	char *env[] = {armed, NULL};

	snprintf(name, sizeof name, "agent-%s", host);
	snprintf(armed, sizeof armed, "RENKEI_CRASH=%s:3",
	    crash != NULL ? crash : "");
	if (!world_start(w, name, crash != NULL ? env : NULL))
		CU_FAIL(name);
}

static struct process *
agent_process(const char *host)
{
	char name[32];

	snprintf(name, sizeof name, "agent-%s", host);
	return world_process(w, name);
}

static void
ask_many(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ask(i % 6, "--no-wait --json");
}

/* Everything asked has one end, at both agencies and in the log. */
static void
all_is_settled(const char *point)
{
	bool ended = world_until(w, "renkei_agent_nenkin",
	    "SELECT count(*) FROM outgoing WHERE state < 3", "0", 20);

	if (!ended)
		fprintf(stderr, "test_agents: %s: not settled\n", point);
	CU_ASSERT_TRUE(ended);
	ended = world_until(
	    w, "renkei_broker", "SELECT count(*) FROM live", "0", 20);
	if (!ended)
		fprintf(stderr, "test_agents: %s: still live\n", point);
	CU_ASSERT_TRUE(ended);
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_agent_nenkin",
		"SELECT count(*) FROM exchange_record WHERE outcome = 0"),
	    0);
	/* the three records can be held against each other (Act Art. 23) */
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_agent_cities",
		"SELECT count(*) FROM exchange_record WHERE side = 2"),
	    world_count(w, "renkei_broker",
		"SELECT count(*) FROM entry WHERE type = 1 "
		"AND provider = '141003'"));
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_agent_nenkin",
		"SELECT count(*) FROM exchange_record WHERE side = 1 "
		"AND outcome_idx IS NOT NULL"),
	    world_count(w, "renkei_broker",
		"SELECT count(*) FROM entry WHERE type IN (2, 3, 4) "
		"AND inquirer = 'nenkin'"));
	CU_ASSERT_EQUAL(world_count(w, "renkei_broker",
			    "SELECT count(*) - count(DISTINCT (inquirer, "
			    "exchange_id)) FROM entry WHERE type IN (3, 4)"),
	    0);
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_broker",
		"SELECT count(*) FILTER (WHERE type = 1) - "
		"count(*) FILTER (WHERE type IN (3, 4)) FROM entry"),
	    0);
}

/* Whose agent passes a point: the one that asks, or the one that answers. */
static const char *
point_host(const char *point)
{
	static const char *const answering[] = {"agent.after_permit",
	    "agent.after_use", "agent.after_lookup", "agent.after_provision",
	    "agent.after_settled"};

	for (size_t i = 0; i < sizeof answering / sizeof answering[0]; i++)
		if (strcmp(answering[i], point) == 0)
			return "cities";
	return "nenkin";
}

static void
loses_nothing_when_killed(void)
{
	const char *point;

	for (unsigned i = 0; (point = crash_point_at(i)) != NULL; i++) {
		const char *host = point_host(point);

		if (strncmp(point, "agent.", 6) != 0)
			continue;
		process_stop(agent_process(host), 10);
		agent_start(host, point);
		ask_many(8);
		if (!process_wait(agent_process(host), 10))
			fprintf(stderr, "test_agents: never at %s\n", point);
		CU_ASSERT_FALSE(process_alive(agent_process(host)));
		agent_start(host, NULL);
		all_is_settled(point);
	}
}

static void
sends_when_the_broker_is_back(void)
{
	process_kill(world_process(w, "broker"), true);
	CU_ASSERT_EQUAL(ask(0, "--json --timeout 1"), 5);
	CU_ASSERT_EQUAL(ask(1, "--json --no-wait"), 0);
	CU_ASSERT_TRUE(world_start(w, "broker", NULL));
	all_is_settled("broker away");
}

static void
lives_through_a_lost_database(void)
{
	world_database_stop(w, "immediate");
	CU_ASSERT_NOT_EQUAL(ask(0, "--json --timeout 3"), 0);
	CU_ASSERT_TRUE(process_alive(agent_process("nenkin")));
	CU_ASSERT_TRUE(process_alive(agent_process("cities")));
	world_database_start(w, NULL);
	world_start_all(w);
	for (int i = 0; i < 40 && ask(0, "--json --timeout 3") != 0; i++)
		process_sleep_ms(250);
	CU_ASSERT_TRUE(said("\"outcome\":\"provided\""));
	all_is_settled("database away");
}

/* Whether the agent's log says so within two seconds. */
static bool
nenkin_logs(const char *part)
{
	for (int i = 0; i < 20; i++) {
		world_shell(
		    w, "tail -n 3 %s/log/agent-nenkin.log", world_dir(w));
		if (strstr(world_said(w), part) != NULL)
			return true;
		process_sleep_ms(100);
	}
	return said(part);
}

static void
takes_only_a_signed_directory(void)
{
	const char *build = getenv("BUILD") ? getenv("BUILD") : "build";

	CU_ASSERT_EQUAL(world_shell(w, "%s/tests/devpki suspend %s/pki kyokai",
			    build, world_dir(w)),
	    0);
	kill(agent_process("nenkin")->pid, SIGHUP);
	CU_ASSERT_TRUE(nenkin_logs("directory-held error=ok version=2"));
	world_shell(w, "sh -c 'echo >>%s/pki/directory.tsv'", world_dir(w));
	kill(agent_process("nenkin")->pid, SIGHUP);
	CU_ASSERT_TRUE(nenkin_logs("directory-kept error=bad-signature "
				   "version=2"));
	world_shell(w, "sed -i '$d' %s/pki/directory.tsv", world_dir(w));
	CU_ASSERT_EQUAL(ask(0, "--json"), 0);
}

static void
does_not_start_where_commits_are_lost(void)
{
	world_stop_all(w);
	world_database_stop(w, "fast");
	world_database_start(w, "-c fsync=off");
	CU_ASSERT_FALSE(world_start(w, "agent-nenkin", NULL));
	world_database_stop(w, "fast");
	world_database_start(w, NULL);
}

static void
does_not_start_on_a_misspelt_key(void)
{
	world_shell(w, "cp %s/etc/agent-nenkin.conf %s/keep", world_dir(w),
	    world_dir(w));
	world_shell(w, "sh -c 'echo lyaouts = x >>%s/etc/agent-nenkin.conf'",
	    world_dir(w));
	CU_ASSERT_FALSE(world_start(w, "agent-nenkin", NULL));
	world_shell(w, "tail -n 3 %s/log/agent-nenkin.log", world_dir(w));
	CU_ASSERT_TRUE(said("lyaouts"));
	world_shell(w, "cp %s/keep %s/etc/agent-nenkin.conf", world_dir(w),
	    world_dir(w));
}

static const struct suite_case cases[] = {
    {"answers a lawful inquiry with items and why some are empty", answers},
    {"is refused by law, with row, reason and log index", refuses_by_law},
    {"is told that the provider holds no code", says_not_held},
    {"says which person it has no code of", says_who_has_no_code},
    {"gets no record older than demanded or of other years",
	keeps_back_what_is_stale},
    {"sends nothing without a case, or with a My Number in it", needs_a_case},
    {"repeats the same answer to an honest retry", repeats_itself},
    {"refuses another question under an id used before",
	refuses_an_id_used_before},
    {"keeps the exchange record at both sides, each its own part",
	keeps_both_records},
    {"waits for an official, who answers once", waits_for_an_official},
    {"is told why an official withholds", withholds_with_a_reason},
    {"stops an answer that holds a My Number", stops_a_my_number},
    {"loses and doubles nothing, killed at each point of an agent",
	loses_nothing_when_killed},
    {"sends what is stored when the broker is back",
	sends_when_the_broker_is_back},
    {"lives on when the database goes away and comes back",
	lives_through_a_lost_database},
    {"takes a new directory at SIGHUP if officers signed it",
	takes_only_a_signed_directory},
    {"does not start on a database that loses commits",
	does_not_start_where_commits_are_lost},
    {"does not start on a misspelt key, and names it",
	does_not_start_on_a_misspelt_key},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	world_start_all(w);
	world_fill(w, PEOPLE);
	status = suite_run("agents", cases, sizeof(cases) / sizeof(cases[0]));
	world_free(w);
	return status;
}
