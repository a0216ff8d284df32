/* What must hold when the database, a child or the parent goes away. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/flow/load.h"
#include "tests/unit/suite.h"

#define RESIDENT "10000000018"
#define LINES 24
#define MANY_LINES 1000
#define SECONDS 30

static struct world *w;
static struct actor *nenkin, *city, *registrar;
static uint8_t nenkin_code[CODE_LEN], city_code[CODE_LEN];

static const struct question row_73 = {
    .task = "73",
    .procedure = "p73.001",
    .provider = "141003",
    .data = "地方税関係情報",
    .principal = "mhlw",
    .code = nenkin_code,
};

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n%s\n", what, world_file(w, "log/broker.log"));
	exit(1);
}

static void
broker_up(void)
{
	must(world_start(w, "broker", NULL), "the broker does not start");
}

static void
broker_down(void)
{
	process_stop(world_process(w, "broker"), 10);
}

static bool
answered(struct load *l, unsigned seconds)
{
	long long until = process_clock_ms() + seconds * 1000;
	while (process_clock_ms() < until)
		if (load_turn(l, 200))
			return true;
	return false;
}

/* What the control socket says to a word, up to its dot; static buffer. */
static const char *
control(const char *word)
{
	static char said[8192];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t n = 0;
	ssize_t got;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(at.sun_path, sizeof at.sun_path, "%s/broker.sock",
	    world_run_dir(w));
	said[0] = '\0';
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    dprintf(fd, "%s\n", word) > 0)
		while (strstr(said, ".\n") == NULL &&
		       (got = read(fd, said + n, sizeof said - n - 1)) > 0) {
			n += (size_t)got;
			said[n] = '\0';
		}
	close(fd);
	return said;
}

/* The process of that role, as the parent's child, once there is one. */
static pid_t
child_of_role(const char *role)
{
	for (int i = 0; i < 100; i++) {
		world_shell(w, "pgrep -P %d -f -- '--role %s'",
		    (int)world_process(w, "broker")->pid, role);
		if (atoi(world_said(w)) > 1)
			return (pid_t)atoi(world_said(w));
		process_sleep_ms(50);
	}
	must(false, role);
	return -1;
}

/* What health says within SECONDS, while the load goes on. */
static bool
health_becomes(struct load *l, const char *word)
{
	for (int i = 0; i < SECONDS * 10; i++) {
		if (strstr(control("health"), word) != NULL)
			return true;
		load_turn(l, 100);
	}
	return false;
}

/* ---- the database ----------------------------------------------------------
 */

static void
lives_through_a_lost_database(void)
{
	/* more than can be answered before the server is gone */
	struct load *l = load_new(nenkin, city, &row_73, MANY_LINES);
	load_begin(l, 8);
	load_turn(l, 30);
	world_database_stop(w, "immediate");
	CU_ASSERT_TRUE(health_becomes(l, "unwell"));
	CU_ASSERT(load_answered(l) < MANY_LINES);
	world_database_start(w, NULL);
	CU_ASSERT_TRUE(answered(l, SECONDS));
	CU_ASSERT_TRUE(health_becomes(l, "ok"));
	load_check(l, w);
	load_free(l);
}

static void
is_busy_without_a_database(void)
{
	struct buf sealed = {0};
	struct arena arena = {0};
	struct inquiry inq;
	struct frame f;
	struct busy busy;
	world_database_stop(w, "fast");
	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	for (int i = 0; i < 50 && strstr(control("health"), "ok"); i++) {
		/* the ledger learns of it when it next writes */
		actor_ask(nenkin, &inq, NULL);
		process_sleep_ms(100);
	}
	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	actor_ask(nenkin, &inq, NULL);
	CU_ASSERT_TRUE(raw_await(nenkin->raw, FRAME_BUSY, 5000, &f));
	SUITE_ERR(busy_decode(f.body, &arena, &busy), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(busy.what, "ledger");
	world_database_start(w, NULL);
	arena_wipe_free(&arena);
	buf_free(&sealed);
	CU_ASSERT_TRUE(world_until(w, "renkei_broker",
	    "SELECT count(*) - (SELECT size FROM log_head)"
	    " FROM entry",
	    "0", 10));
}

static void
is_busy_while_the_signer_hangs(void)
{
	struct load *l = load_new(nenkin, city, &row_73, 8);
	pid_t signer = child_of_role("signer");
	kill(signer, SIGSTOP);
	load_begin(l, 4);
	CU_ASSERT_TRUE(health_becomes(l, "unwell"));
	CU_ASSERT_EQUAL(load_answered(l), 0);
	kill(signer, SIGCONT);
	CU_ASSERT_TRUE(answered(l, SECONDS));
	CU_ASSERT_TRUE(health_becomes(l, "ok"));
	load_check(l, w);
	load_free(l);
}

static void
stops_where_another_writes(void)
{
	struct load *l = load_new(nenkin, city, &row_73, 4);
	pid_t before = child_of_role("front");
	world_sql(w, "renkei_broker",
	    "UPDATE log_head SET epoch = epoch + 1 RETURNING epoch::text");
	load_begin(l, 4);
	/* it gives way, comes back, and takes the head under its own epoch */
	CU_ASSERT_TRUE(answered(l, SECONDS));
	CU_ASSERT_NOT_EQUAL(child_of_role("front"), before);
	load_check(l, w);
	load_free(l);
}

static void
starts_only_on_what_was_signed(void)
{
	broker_down();
	world_sql(w, "renkei_broker",
	    "WITH cut AS (UPDATE log_head SET size = size - 1 RETURNING size) "
	    "DELETE FROM entry USING cut WHERE idx = cut.size RETURNING "
	    "idx::text");
	CU_ASSERT_FALSE(world_start(w, "broker", NULL));
	char *log = world_file(w, "log/broker.log");
	CU_ASSERT_PTR_NOT_NULL(strstr(log, "error=behind"));
	free(log);
}

/* ---- processes
 * ----------------------------------------------------------------- */

static void
children_end_with_the_parent(void)
{
	static const char *const roles[] = {"front", "vault", "signer"};
	pid_t pid[3];
	for (int i = 0; i < 3; i++) {
		pid[i] = child_of_role(roles[i]);
		CU_ASSERT(pid[i] > 0);
	}
	process_kill(world_process(w, "broker"), false);
	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < 100 && kill(pid[i], 0) == 0; n++)
			process_sleep_ms(20);
		CU_ASSERT_EQUAL(kill(pid[i], 0), -1);
	}
	broker_up();
}

static void
restarts_what_dies(void)
{
	static const char *const roles[] = {"front", "vault", "signer"};
	for (int i = 0; i < 3; i++) {
		struct load *l = load_new(nenkin, city, &row_73, 8);
		load_begin(l, 4);
		load_turn(l, 10);
		kill(child_of_role(roles[i]), SIGKILL);
		CU_ASSERT_TRUE(answered(l, SECONDS));
		CU_ASSERT_TRUE(process_alive(world_process(w, "broker")));
		load_check(l, w);
		load_free(l);
	}
}

static void
stops_gently(void)
{
	struct load *l = load_new(nenkin, city, &row_73, LINES);
	load_begin(l, LINES);
	load_turn(l, 5);
	CU_ASSERT_TRUE(process_stop(world_process(w, "broker"), 10));
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_broker", "SELECT count(*) FROM entry"),
	    world_count(w, "renkei_broker", "SELECT size FROM log_head"));
	broker_up();
	CU_ASSERT_TRUE(answered(l, SECONDS));
	load_check(l, w);
	load_free(l);
}

static void
reads_its_files_again(void)
{
	pid_t before = child_of_role("front");
	struct load *l = load_new(nenkin, city, &row_73, LINES);
	load_begin(l, 8);
	load_turn(l, 10);
	kill(world_process(w, "broker")->pid, SIGHUP);
	CU_ASSERT_TRUE(answered(l, SECONDS));
	CU_ASSERT_TRUE(process_alive(world_process(w, "broker")));
	CU_ASSERT_NOT_EQUAL(child_of_role("front"), before);
	load_check(l, w);
	load_free(l);
}

static void
lets_only_one_run(void)
{
	world_shell(w, "%s/renkei-broker -c %s/etc/broker.conf",
	    getenv("BUILD") != NULL ? getenv("BUILD") : "build", world_dir(w));
	CU_ASSERT_PTR_NOT_NULL(strstr(world_said(w), "already-running"));
	CU_ASSERT_PTR_NOT_NULL(strstr(control("health"), "ok"));
}

static void
counts_without_names(void)
{
	const char *said = control("metrics");
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "renkei_broker_permits "));
	CU_ASSERT_PTR_NULL(strstr(said, "nenkin"));
	CU_ASSERT_PTR_NULL(strstr(said, "141003"));
	CU_ASSERT_PTR_NOT_NULL(strstr(control("who"), "health, counters"));
}

static int
begin(void)
{
	w = world_new(NULL);
	broker_up();
	nenkin = actor_new(w, "nenkin");
	city = actor_new(w, "141003");
	registrar = actor_new(w, "registrar");
	must(actor_acquire(nenkin, registrar, RESIDENT, nenkin_code) &&
		 actor_acquire(city, registrar, RESIDENT, city_code),
	    "no codes");
	return 0;
}

static void
takes_up_a_world(void)
{
	CU_ASSERT_EQUAL(begin(), 0);
}

static const struct suite_case cases[] = {
    {"has a broker and two agencies to try it on", takes_up_a_world},
    {"counts, and tells operators no names", counts_without_names},
    {"lets only one broker run", lets_only_one_run},
    {"restarts what dies, and loses nothing", restarts_what_dies},
    {"leaves no child behind a killed parent", children_end_with_the_parent},
    {"finishes what is in hand when told to stop", stops_gently},
    {"reads policy and directory again when told to", reads_its_files_again},
    {"gives way where another writes the log", stops_where_another_writes},
    {"answers busy while nothing can be recorded", is_busy_without_a_database},
    {"is unwell while the signer hangs, and releases nothing",
	is_busy_while_the_signer_hangs},
    {"loses and doubles nothing when the database goes away",
	lives_through_a_lost_database},
    {"does not start on a database behind the signer",
	starts_only_on_what_was_signed},
};

int
main(void)
{
	int status =
	    suite_run("ledger flow", cases, sizeof(cases) / sizeof(cases[0]));
	actor_free(nenkin);
	actor_free(city);
	actor_free(registrar);
	world_free(w);
	return status;
}
