/*
 * Break valid inputs of every decoder and watch that nothing breaks:
 *
 *	fuzz [-n COUNT] [-s SEED] [-i INPUT] [TARGET]
 *	fuzz -f FILE TARGET
 *
 * COUNT inputs a target (20 000), from SEED (of the clock; printed). What
 * fails can be had again alone by its seed, target and input; -f runs one
 * file, as AFL does. Exit status 0, or the signal that a failure raised.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

#define SEEDS_MAX 8
#define SLOW_US 2000000 /* no input of 64 KiB may take this long */

/* What is running, for the handler. */
static struct {
	const char *target;
	unsigned long long seed, input;
} now;

static void
say_what(int signal)
{
	char text[300];
	int n = snprintf(text, sizeof(text),
	    "\nfuzz: %s: signal %d at input %llu; again: "
	    "fuzz -s %llu -i %llu %s\n",
	    now.target, signal, now.input, now.seed, now.input, now.target);
	ssize_t written = write(STDERR_FILENO, text, (size_t)n);

	(void)written;
}

static void
handlers_set(void)
{
	static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	/* after saying so, die of it as if there were no handler */
	struct sigaction sa = {
	    .sa_handler = say_what, .sa_flags = (int)SA_RESETHAND};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

/* In memory of just its size, so that reading beyond it is noticed. */
static bool
run_exactly(const struct target *t, struct span bytes)
{
	uint8_t *copy = xmalloc(bytes.n);
	uint64_t began = clock_mono_us();

	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	t->run(t, span_of(copy, bytes.n));
	free(copy);
	return clock_mono_us() - began < SLOW_US;
}

static bool
input_run(const struct target *t, const struct buf *seeds, size_t n,
    uint64_t seed, uint64_t input)
{
	struct mutator m = mutator_at(seed, t->name, input);
	struct buf b = {0};
	size_t from = mutator_below(&m, n);
	bool quick;

	now.input = input;
	buf_add(&b, seeds[from].p, seeds[from].n);
	mutate(&m, &b, buf_span(&seeds[mutator_below(&m, n)]));
	quick = run_exactly(t, buf_span(&b));
	if (!quick)
		fprintf(stderr, "fuzz: %s: input %llu of seed %llu is slow\n",
		    t->name, now.input, now.seed);
	buf_free(&b);
	return quick;
}

static size_t
seeds_make(const struct target *t, struct buf *seeds)
{
	size_t n = 0;

	while (n < SEEDS_MAX) {
		t->seed(t, n, &seeds[n]);
		if (seeds[n].n == 0)
			break;
		/* a valid input first, unbroken */
		t->run(t, buf_span(&seeds[n++]));
	}
	return n;
}

static bool
target_run(const struct target *t, uint64_t seed, uint64_t from, uint64_t to)
{
	struct buf seeds[SEEDS_MAX] = {{0}};
	size_t n;
	bool good = true;

	now.target = t->name;
	now.seed = seed;
	n = seeds_make(t, seeds);
	for (uint64_t i = from; i < to; i++)
		good = input_run(t, seeds, n, seed, i) && good;
	for (size_t i = 0; i < SEEDS_MAX; i++)
		buf_free(&seeds[i]);
	return good;
}

static int
file_run(const char *path, const char *name)
{
	struct buf b = {0};

	if (name == NULL || file_read(path, 1 << 24, &b) != ERR_NONE) {
		fprintf(stderr, "fuzz: cannot read %s, or no target\n", path);
		return 2;
	}
	for (const struct target *t = targets(); t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			t->run(t, buf_span(&b));
	buf_free(&b);
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t count = 20000, seed = clock_ms(), from = 0;
	const char *file = NULL, *name;
	unsigned ran = 0;
	bool good = true, again = false;
	int c;

	while ((c = getopt(argc, argv, "n:s:i:f:")) != -1) {
		if (c == 'n')
			count = strtoull(optarg, NULL, 10);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 10);
		else if (c == 'i' && (again = true))
			from = strtoull(optarg, NULL, 10);
		else if (c == 'f')
			file = optarg;
		else
			return 2;
	}
	if (again)
		count = 1;
	name = argv[optind];
	if (file != NULL)
		return file_run(file, name);
	printf("fuzz: seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	handlers_set();
	for (const struct target *t = targets(); t->name != NULL; t++) {
		if (name != NULL && strcmp(t->name, name) != 0)
			continue;
		good = target_run(t, seed, from, from + count) && good;
		ran++;
	}
	good = good && ran > 0;
	printf("fuzz: %u decoders, %llu inputs each: %s\n", ran,
	    (unsigned long long)count, good ? "nothing broke" : "not good");
	return good ? 0 : 1;
}
