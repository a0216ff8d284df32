/* The law on a running system: each refusal of the policy under its own code,
 * and what the log then says about the use of procedures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define PEOPLE 3
#define TAX "地方税関係情報"
#define PENSION "年金給付関係情報"
#define HEALTH "医療保険給付関係情報"

static struct world *w;

/* A question put to the agency's own agent, by a case of its own. */
struct asked {
	const char *host, *inquirer, *task, *procedure, *provider, *data;
	int status;
	const char *code; /* what the answer must say */
};

static const struct asked questions[] = {
    {"nenkin", "nenkin", "73", "p73.003", "141003", TAX, 0, "provided"},
    {"kyokai", "kyokai", "2", "p2.012", "141003", TAX, 0, "provided"},
    /* procedures: another row's, nobody's, ended, unmapped, without the data */
    {"kyokai", "kyokai", "2", "p48.022", "141003", TAX, 3,
	"procedure-of-other-row"},
    {"kyokai", "kyokai", "2", "p2.999", "141003", TAX, 3, "no-procedure"},
    {"kyokai", "kyokai", "2", "p2.022", "141003", TAX, 3, "no-longer-in-force"},
    {"kyokai", "kyokai", "2", "p2.003", "141003", TAX, 3, "unmapped"},
    {"kyokai", "kyokai", "2", "p2.012", "nenkin", PENSION, 3, "procedure-data"},
    /* the table: no clause, another's task, a row not delegated, an open cell
     */
    {"cities", "141003", "48", "p48.022", "nenkin", PENSION, 3, "no-data"},
    {"cities", "141003", "2", "p2.012", "nenkin", PENSION, 3, "not-inquirer"},
    {"nenkin", "nenkin", "1", "p1.001", "141003", TAX, 3, "not-delegated"},
    {"kyokai", "kyokai", "2", "p2.003", "nenkin",
	"健康保険法第五十五条又は第百二十八条に規定する他の法令による"
	"給付の支給に関する情報",
	3, "cell-unresolved"},
    /* PIA: on either side */
    {"cities", "271004", "48", "p48.022", "kyokai", HEALTH, 3, "no-pia"},
    {"kyokai", "kyokai", "2", "p2.012", "271004", TAX, 3, "no-pia"},
    /* an ordinance's task: provided; declined by a provider; another body's */
    {"cities", "141003", "o141003-1", "o141003-1", "kyokai", HEALTH, 0,
	"provided"},
    {"cities", "141003", "o141003-1", "o141003-1", "271004", TAX, 3,
	"declined"},
    {"cities", "271004", "o141003-1", "o141003-1", "kyokai", HEALTH, 3,
	"not-inquirer"},
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static void
question_put(size_t i)
{
	const struct asked *q = &questions[i];
	char code[64];
	int status = world_renkei(w,
	    "inquire --socket %s/%s.sock --agency %s --task %s --procedure %s"
	    " --provider %s --data %s --person %s --case F-%zu --json",
	    world_run_dir(w), q->host, q->inquirer, q->task, q->procedure,
	    q->provider, q->data, world_person(w, q->inquirer, 0), i);

	snprintf(code, sizeof(code), "\"outcome\":\"%s\"", q->code);
	CU_ASSERT_EQUAL(status, q->status);
	if (strstr(world_said(w), code) == NULL) {
		fprintf(stderr, "wanted %s, exit %d:\n%s\n", code, status,
		    world_said(w));
		CU_FAIL("another outcome");
	}
}

static void
refuses_each_under_its_own_code(void)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		question_put(i);
}

/* What an entry says of a delegate, an article, a missing PIA. */
static void
records_every_refusal(void)
{
	size_t permits = 0;

	for (size_t i = 0; i < QUESTIONS; i++)
		permits += questions[i].status == 0;
	CU_ASSERT_EQUAL((size_t)world_count(w, "renkei_broker",
			    "SELECT count(*) FROM entry WHERE type = 1"),
	    permits);
	CU_ASSERT_EQUAL((size_t)world_count(w, "renkei_broker",
			    "SELECT count(*) FROM entry WHERE type = 2"),
	    QUESTIONS - permits);
}

static bool
said(const char *text)
{
	if (strstr(world_said(w), text) != NULL)
		return true;
	fprintf(stderr, "wanted %s in:\n%.2000s\n", text, world_said(w));
	return false;
}

static void
counts_what_is_used(void)
{
	CU_ASSERT_EQUAL(
	    world_renkei(w, "policy usage --config %s/etc/log.conf --json",
		world_dir(w)),
	    0);
	CU_ASSERT(said("\"procedure\":\"p73.003\",\"row\":\"73\""));
	CU_ASSERT(said("\"permitted\":1,\"refused\":3"));
	CU_ASSERT(said("\"procedure\":\"o141003-1\""));
}

static void
tells_what_new_files_would_turn(void)
{
	const char *dir = world_dir(w);

	CU_ASSERT_EQUAL(world_renkei(w,
			    "policy simulate policy --config %s/etc/log.conf"
			    " --json",
			    dir),
	    0);
	CU_ASSERT(said("\"turned\":0"));
	CU_ASSERT_EQUAL(
	    world_shell(w,
		"rm -rf %s/new && cp -r policy %s/new && chmod -R u+w %s/new &&"
		" sed -i '/^73\tmhlw/d' %s/new/delegations.tsv &&"
		" sed -i '/^271004/d' %s/new/ordinance_declines.tsv",
		dir, dir, dir, dir, dir),
	    0);
	CU_ASSERT_EQUAL(world_renkei(w,
			    "policy simulate %s/new --config %s/etc/log.conf"
			    " --json",
			    dir, dir),
	    0);
	CU_ASSERT(said("\"turned\":1"));
	CU_ASSERT(said("\"was\":\"permitted\",\"would_be\":\"not-delegated\""));
}

static void
lists_what_a_body_may_and_must(void)
{
	CU_ASSERT_EQUAL(
	    world_renkei(
		w, "policy rights --body nenkin --on 2026-11-23 --json"),
	    0);
	CU_ASSERT(said("\"side\":\"ask\",\"row\":\"73\""));
	CU_ASSERT(said("\"delegator\":\"mhlw\""));
	CU_ASSERT(said("\"side\":\"answer\",\"row\":\"2\""));
	CU_ASSERT_EQUAL(
	    world_renkei(w, "policy rights --body 府中市 --json"), 2);
	CU_ASSERT_EQUAL(
	    world_renkei(w, "policy rights --body 無い市 --json"), 4);
}

static const struct suite_case cases[] = {
    {"refuses each under its own code, beside what it provides",
	refuses_each_under_its_own_code},
    {"records every permit and every refusal", records_every_refusal},
    {"counts which procedures are used", counts_what_is_used},
    {"tells what new files would turn", tells_what_new_files_would_turn},
    {"lists what a body may ask and must answer",
	lists_what_a_body_may_and_must},
};

int
main(void)
{
	int failed;

	w = world_new(NULL);
	world_start_all(w);
	world_fill(w, PEOPLE);
	failed = suite_run("policy", cases, sizeof(cases) / sizeof(cases[0]));
	world_stop_all(w);
	world_free(w);
	return failed;
}
