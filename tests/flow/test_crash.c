/* The broker killed at every named point, and at random ones, under load. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/crashpoint.h"
#include "tests/flow/load.h"
#include "tests/unit/suite.h"

#define RESIDENT "10000000018"
#define LINES 16
#define OPEN 8
#define SECONDS 30
#define DRAIN_SECONDS 5

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
broker_start(const char *crash)
{
	char armed[80];
	char *env[] = {armed, NULL};

	snprintf(
	    armed, sizeof armed, "RENKEI_CRASH=%s", crash != NULL ? crash : "");
	if (world_start(w, "broker", crash != NULL ? env : NULL))
		return;
	fprintf(stderr, "%s\n", world_file(w, "log/broker.log"));
	exit(1);
}

/* Start it again if it (the parent too) is gone. */
static void
broker_revive(void)
{
	if (!process_alive(world_process(w, "broker")))
		broker_start(NULL);
}

/* Receipts that got lost are asked for by sending the answer again. */
static void
drain(struct load *l, const char *what)
{
	static long left;
	long long until = process_clock_ms() + DRAIN_SECONDS * 1000;
	long live;

	for (;;) {
		load_turn(l, 0);
		live = world_count(
		    w, "renkei_broker", "SELECT count(*) FROM live");
		if (live <= left || process_clock_ms() > until)
			break;
		process_sleep_ms(50);
	}
	if (live > left)
		fprintf(stderr, "after %s: %ld receipts are missing\n", what,
		    live - left);
	left = live;
}

static void
settle(struct load *l, const char *what)
{
	long long until = process_clock_ms() + SECONDS * 1000;
	bool done = false;

	while (!done && process_clock_ms() < until) {
		done = load_turn(l, 200);
		broker_revive();
	}
	if (!done)
		fprintf(stderr, "after %s: %zu of %d answered\n", what,
		    load_answered(l), LINES);
	CU_ASSERT_TRUE(done);
	drain(l, what);
	load_check(l, w);
}

static bool
broker_point(const char *name)
{
	static const char *const late[] = {"front.after_locate",
	    "front.after_issue", "front.after_notice",
	    "front.after_acknowledge", "front.after_law_store"};

	/* those of codes and of the law are not on an inquiry's way */
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		if (strcmp(name, late[i]) == 0)
			return false;
	return strncmp(name, "agent.", 6) != 0 &&
	       strncmp(name, "registrar.", 10) != 0;
}

static void
at_one_point(const char *name)
{
	char crash[80];
	struct load *l = load_new(nenkin, city, &row_73, LINES);

	/* opening the log asks the signer twice; then there is load */
	snprintf(crash, sizeof crash, "%s:%d", name,
	    strncmp(name, "signer.", 7) == 0 ? 3 : 2);
	process_stop(world_process(w, "broker"), 10);
	broker_start(crash);
	load_begin(l, OPEN);
	settle(l, name);
	load_free(l);
}

static void
at_every_point(void)
{
	const char *name;

	for (unsigned i = 0; (name = crash_point_at(i)) != NULL; i++)
		if (broker_point(name))
			at_one_point(name);
	process_stop(world_process(w, "broker"), 10);
	broker_start(NULL);
}

/* --- random victims
 * ------------------------------------------------------------ */

/* The broker's processes: the parent first, then its children. */
static size_t
victims(pid_t *out, size_t most)
{
	pid_t parent = world_process(w, "broker")->pid;
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	out[n++] = parent;
	while (d != NULL && n < most && (e = readdir(d)) != NULL) {
		char path[300], line[400] = "";
		const char *at;
		FILE *f;
		int ppid;

		snprintf(path, sizeof path, "/proc/%.20s/stat", e->d_name);
		if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
		    (f = fopen(path, "r")) == NULL)
			continue;
		if (fgets(line, sizeof line, f) != NULL &&
		    (at = strrchr(line, ')')) != NULL &&
		    sscanf(at + 1, " %*c %d", &ppid) == 1 && ppid == parent)
			out[n++] = (pid_t)atoi(e->d_name);
		fclose(f);
	}
	if (d != NULL)
		closedir(d);
	return n;
}

static unsigned
setting(const char *name, unsigned otherwise)
{
	const char *v = getenv(name);

	return v != NULL ? (unsigned)strtoul(v, NULL, 10) : otherwise;
}

static void
at_random(void)
{
	unsigned seed = setting("RENKEI_SEED", (unsigned)time(NULL));
	unsigned rounds = setting("RENKEI_KILLS", 10);

	printf("random kills: RENKEI_SEED=%u RENKEI_KILLS=%u\n", seed, rounds);
	srand(seed);
	for (unsigned i = 0; i < rounds; i++) {
		struct load *l = load_new(nenkin, city, &row_73, LINES);
		pid_t pid[32];
		size_t n;

		broker_revive();
		load_begin(l, OPEN);
		load_turn(l, (unsigned)rand() % 60);
		n = victims(pid, 32);
		kill(pid[(size_t)rand() % n], SIGKILL);
		settle(l, "a random kill");
		load_free(l);
	}
}

static void
log_is_whole(void)
{
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_broker", "SELECT count(*) FROM entry"),
	    world_count(w, "renkei_broker", "SELECT size FROM log_head"));
	CU_ASSERT_EQUAL(world_count(w, "renkei_broker",
			    "SELECT count(*) - count(DISTINCT (inquirer, "
			    "exchange_id)) FROM entry WHERE type IN (3, 4)"),
	    0);
	CU_ASSERT_TRUE(world_until(w, "renkei_broker",
	    "SELECT count(*) FROM live WHERE state <> 3", "0", 20));
	if (world_renkei(
		w, "log verify --config %s/etc/log.conf", world_dir(w)) != 0) {
		fprintf(stderr, "%s\n", world_said(w));
		CU_FAIL("the log does not verify");
	}
}

static const struct suite_case cases[] = {
    {"loses and doubles nothing, killed at each named point", at_every_point},
    {"loses and doubles nothing, killed at random", at_random},
    {"leaves a log that verifies", log_is_whole},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	broker_start(NULL);
	nenkin = actor_new(w, "nenkin");
	city = actor_new(w, "141003");
	registrar = actor_new(w, "registrar");
	if (!actor_acquire(nenkin, registrar, RESIDENT, nenkin_code) ||
	    !actor_acquire(city, registrar, RESIDENT, city_code))
		return 1;
	status =
	    suite_run("broker crash", cases, sizeof(cases) / sizeof(cases[0]));
	actor_free(nenkin);
	actor_free(city);
	actor_free(registrar);
	world_free(w);
	return status;
}
