/*
 * What a program must not start on: a key misspelt, a statute with a broken
 * line or that nobody signed, a database that is not there or may lose what it
 * was told. Each ends by itself, says where, and starts once it is right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define TEMPFAIL 75 /* EX_TEMPFAIL: try again later */
#define CONFIG 78   /* EX_CONFIG: somebody has to change something */
#define TIMED_OUT 124

static struct world *w;

static const char *
build(void)
{
	const char *b = getenv("BUILD");

	return b != NULL ? b : "build";
}

/* Run a program on a configuration to its end; its exit status. */
static int
run(const char *program, const char *conf)
{
	return world_shell(w,
	    "cd %s && timeout 30 \"$OLDPWD\"/%s/renkei-%s %s/etc/%s.conf",
	    world_dir(w), build(), program, world_dir(w), conf);
}

/* It ended by itself, not well, and said this. */
static void
ended_saying(int status, const char *words)
{
	bool said = strstr(world_said(w), words) != NULL;

	CU_ASSERT_NOT_EQUAL(status, 0);
	CU_ASSERT_NOT_EQUAL(status, TIMED_OUT);
	CU_ASSERT(status < 128); /* no signal */
	CU_ASSERT_TRUE(said);
	if (!said)
		fprintf(stderr, "no \"%s\" in: %s", words, world_said(w));
}

static const struct {
	const char *program, *conf;
} programs[] = {
    {"broker", "broker"},
    {"registrar", "registrar"},
    {"agent", "agent-cities"},
};
#define PROGRAMS (sizeof programs / sizeof programs[0])

/* etc/bad.conf: a program's configuration after a sed expression. */
static void
conf_change(const char *conf, const char *sed)
{
	CU_ASSERT_EQUAL_FATAL(
	    world_shell(w, "sed -e '%s' %s/etc/%s.conf >%s/etc/bad.conf", sed,
		world_dir(w), conf, world_dir(w)),
	    0);
}

static void
a_key_misspelt(void)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		conf_change(
		    programs[i].conf, "3s/^/listne = tcp:\\/\\/nowhere:1\\n/");
		ended_saying(run(programs[i].program, "bad"), "bad.conf:3");
	}
}

static void
a_key_missing(void)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		conf_change(programs[i].conf, "/^database = /d");
		ended_saying(run(programs[i].program, "bad"), "database");
	}
}

static void
a_key_twice(void)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		conf_change(programs[i].conf, "s/^database = .*/&\\n&/");
		ended_saying(run(programs[i].program, "bad"), "bad.conf:");
	}
}

/* --- the statute ------------------------------------------------------------
 */

static void
policy_change(const char *file, const char *sed)
{
	const char *dir = world_dir(w);

	CU_ASSERT_EQUAL_FATAL(
	    world_shell(w,
		"rm -rf %s/policy && mkdir %s/policy && cp -r policy/* "
		"%s/policy && sed -i -e '%s' %s/policy/%s",
		dir, dir, dir, sed, dir, file),
	    0);
}

static void
statute_refused(const char *words)
{
	char sed[400];

	snprintf(sed, sizeof sed, "s|^policy = .*|policy = %s/policy|",
	    world_dir(w));
	for (size_t i = 0; i < PROGRAMS; i++) {
		if (strcmp(programs[i].program, "registrar") == 0)
			continue; /* knows no statute */
		conf_change(programs[i].conf, sed);
		ended_saying(run(programs[i].program, "bad"), words);
	}
}

static void
a_statute_with_a_broken_line(void)
{
	policy_change("bodies.tsv", "7s/\t.*//");
	statute_refused("bodies.tsv:7");
	policy_change("manifest.tsv", "1s/.*/not a manifest/");
	statute_refused("manifest.tsv:1");
}

/* Every line is well formed, and the officers never saw it. */
static void
a_statute_nobody_signed(void)
{
	policy_change("pia.tsv", "2s/published/exempt/;$a\\# more");
	statute_refused("policy");
}

/* --- the database -----------------------------------------------------------
 */

static void
a_database_not_there(void)
{
	long long begun = process_clock_ms();

	world_database_stop(w, "fast");
	for (size_t i = 0; i < PROGRAMS; i++)
		ended_saying(
		    run(programs[i].program, programs[i].conf), "database");
	CU_ASSERT_EQUAL(run("broker", "broker"), TEMPFAIL);
	CU_ASSERT(process_clock_ms() - begun < 60000);
	world_database_start(w, NULL);
}

static void
a_database_that_may_lose_commits(void)
{
	const char *const options[] = {"-c fsync=off",
	    "-c full_page_writes=off", "-c synchronous_commit=off"};

	for (size_t k = 0; k < sizeof options / sizeof options[0]; k++) {
		world_database_stop(w, "fast");
		world_database_start(w, options[k]);
		for (size_t i = 0; i < PROGRAMS; i++)
			ended_saying(run(programs[i].program, programs[i].conf),
			    "database-unsafe");
		CU_ASSERT_EQUAL(run("broker", "broker"), CONFIG);
	}
	world_database_stop(w, "fast");
	world_database_start(w, NULL);
}

/* What the city's agent says of its records: 0, or NONE when it has none. */
#define NONE 4
static int
records(void)
{
	return world_renkei(w,
	    "records --socket %s/cities.sock --agency 141003",
	    world_run_dir(w));
}

/* It goes away while all run: they stay, say so, and go on where they were. */
static void
a_database_that_goes_away(void)
{
	int status;

	world_start_all(w);
	CU_ASSERT_EQUAL(records(), NONE);
	world_database_stop(w, "immediate");
	CU_ASSERT_EQUAL(records(), 5);
	CU_ASSERT_EQUAL(records(), 5);
	for (size_t i = 0; i < PROGRAMS; i++)
		CU_ASSERT_TRUE(
		    process_alive(world_process(w, programs[i].conf)));
	world_database_start(w, NULL);
	for (int i = 0; (status = records()) != NONE && i < 100; i++)
		process_sleep_ms(100);
	CU_ASSERT_EQUAL(status, NONE);
}

static const struct suite_case cases[] = {
    {"do not start on a key misspelt, and say the line", a_key_misspelt},
    {"do not start without a key that must be there", a_key_missing},
    {"do not start on a key given twice", a_key_twice},
    {"do not start on a statute with a broken line, and say which",
	a_statute_with_a_broken_line},
    {"do not start on a statute nobody signed", a_statute_nobody_signed},
    {"do not start, nor wait, without the database", a_database_not_there},
    {"do not start on a database that may lose commits",
	a_database_that_may_lose_commits},
    {"start when all is right, and live without the database for a while",
	a_database_that_goes_away},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	status = suite_run(
	    "wrong from the start", cases, sizeof(cases) / sizeof(cases[0]));
	world_free(w);
	return status;
}
