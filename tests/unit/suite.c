#include "tests/unit/suite.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

static int
suite_fill(CU_pSuite s, const struct suite_case *cases, size_t n)
{
	const char *only = getenv("SUITE_ONLY");
	int added = 0;

	for (size_t i = 0; i < n; i++) {
		if (only != NULL && strstr(cases[i].sentence, only) == NULL)
			continue;
		if (CU_add_test(s, cases[i].sentence, cases[i].test) == NULL)
			return 0;
		added++;
	}
	return added;
}

int
suite_run(const char *name, const struct suite_case *cases, size_t n)
{
	CU_pSuite s;
	unsigned failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite(name, NULL, NULL);
	if (s == NULL || suite_fill(s, cases, n) == 0) {
		fprintf(stderr, "%s: no test to run\n", name);
		CU_cleanup_registry();
		return 1;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed =
	    CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	printf("\n");
	return failed ? 1 : 0;
}

void
suite_err(int got, int want, const char *call, const char *file, int line)
{
	char what[512];

	snprintf(what, sizeof(what), "%s is %s, want %s", call,
	    err_code((enum err)got), err_code((enum err)want));
	CU_assertImplementation(
	    got == want, (unsigned)line, what, file, "", CU_FALSE);
}
