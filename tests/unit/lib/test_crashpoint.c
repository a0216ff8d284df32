#include "lib/crashpoint.h"
#include "tests/unit/suite.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What becomes of a child armed so that passes two places, twice each. */
static int
run_armed(const char *text)
{
	pid_t child = fork();
	if (child == 0) {
		setenv("RENKEI_CRASH", text, 1);
		if (crash_arm() != ERR_NONE)
			_exit(3);
		crash_point("front.after_admit");
		crash_point("front.after_record");
		crash_point("front.after_admit");
		_exit(0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
kills(void)
{
	CU_ASSERT_EQUAL(run_armed("front.after_admit"), -SIGKILL);
	CU_ASSERT_EQUAL(run_armed("front.after_record"), -SIGKILL);
}

static void
counts(void)
{
	CU_ASSERT_EQUAL(run_armed("front.after_admit:2"), -SIGKILL);
	CU_ASSERT_EQUAL(run_armed("front.after_admit:3"), 0);
}

static void
passes(void)
{
	CU_ASSERT_EQUAL(run_armed("front.after_settle"), 0);
	CU_ASSERT_EQUAL(run_armed(""), 0);
}

static void
unknown(void)
{
	CU_ASSERT_EQUAL(run_armed("front.after_lunch"), 3);
	CU_ASSERT_EQUAL(run_armed("front.after_admit:x"), 3);
	CU_ASSERT_EQUAL(run_armed("front.after_admit:0"), 3);
	CU_ASSERT_EQUAL(run_armed("front.after_admi"), 3);
}

static void
lists(void)
{
	unsigned n = 0;
	while (crash_point_at(n) != NULL)
		n++;
	CU_ASSERT(n > 20);
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT(
			    strcmp(crash_point_at(i), crash_point_at(j)) != 0);
}

static const struct suite_case cases[] = {
    {"kills the process at the place named", kills},
    {"waits for the count given", counts},
    {"lets a process pass that is armed elsewhere or not", passes},
    {"refuses a name or a count that is none", unknown},
    {"lists every place once", lists},
};

SUITE("crashpoint", cases)
