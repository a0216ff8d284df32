/* One CUnit program: a table of sentences, each with the test behind it. */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <CUnit/CUnit.h>
#include <stddef.h>

struct suite_case {
	const char *sentence; /* "refuses an inquirer the row does not name" */
	void (*test)(void);
};

/*
 * Run them all, print CUnit's summary, and return what main shall: 0, or 1
 * if an assertion failed or nothing ran. SUITE_ONLY=part in the environment
 * runs the sentences that contain it.
 */
int suite_run(const char *name, const struct suite_case *cases, size_t n);

/*
 * The last lines of every unit test:
 *	static const struct suite_case cases[] = { { "...", test }, ... };
 *	SUITE("envelope", cases)
 */
#define SUITE(name, cases)                                          \
	int main(void)                                              \
	{                                                           \
		return suite_run(                                   \
		    name, cases, sizeof(cases) / sizeof(cases[0])); \
	}

/* Two runs of bytes are the same. */
#define SUITE_BYTES(a, b, n) CU_ASSERT_EQUAL(memcmp(a, b, n), 0)
/* An enum err came back as it should; prints both codes when it did not. */
#define SUITE_ERR(call, want) suite_err(call, want, #call, __FILE__, __LINE__)
void suite_err(int got, int want, const char *call, const char *file, int line);

#endif
