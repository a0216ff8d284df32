/* lib/err.h and lib/outcome.h: tables that never lie. */
#include <stdbool.h>
#include <string.h>

#include "lib/err.h"
#include "lib/outcome.h"
#include "tests/unit/suite.h"

static const enum outcome outcomes[] = {
#define OUTCOME_NAME(name, number, code, en, ja) name,
    OUTCOME_TABLE(OUTCOME_NAME)
#undef OUTCOME_NAME
};
#define N_OUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

static bool
stable(const char *code)
{
	return *code != '\0' &&
	       strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		   strlen(code) &&
	       strlen(code) <= 31;
}

static void
every_error(void)
{
	for (int i = 0; i < ERR_COUNT; i++) {
		enum err e = (enum err)i;

		CU_ASSERT(stable(err_code(e)));
		CU_ASSERT_EQUAL(err_from_code(err_code(e)), e);
		CU_ASSERT(strlen(err_sentence(e)) > 0);
		CU_ASSERT(strlen(err_sentence_ja(e)) > 0);
	}
}

static void
outside_errors(void)
{
	CU_ASSERT_STRING_EQUAL(err_code((enum err)9999), "internal");
	CU_ASSERT_STRING_EQUAL(err_code((enum err) - 1), "internal");
	CU_ASSERT_EQUAL(err_from_code("no-such"), ERR_INTERNAL);
	CU_ASSERT_EQUAL(err_from_code(""), ERR_INTERNAL);
}

static void
every_outcome(void)
{
	for (size_t i = 0; i < N_OUTCOMES; i++) {
		CU_ASSERT(stable(outcome_code(outcomes[i])));
		CU_ASSERT(outcome_known(outcomes[i]));
		CU_ASSERT(strlen(outcome_sentence(outcomes[i])) > 0);
		CU_ASSERT(strlen(outcome_sentence_ja(outcomes[i])) > 0);
		for (size_t j = 0; j < i; j++) {
			CU_ASSERT_NOT_EQUAL(outcomes[i], outcomes[j]);
			CU_ASSERT_STRING_NOT_EQUAL(outcome_code(outcomes[i]),
			    outcome_code(outcomes[j]));
		}
	}
}

static void
outside_outcomes(void)
{
	CU_ASSERT_FALSE(outcome_known(9999));
	CU_ASSERT_STRING_EQUAL(outcome_code((enum outcome)9999), "refused");
}

static const struct suite_case cases[] = {
    {"has a code, two sentences and a way back for every error", every_error},
    {"takes what is outside the table for internal", outside_errors},
    {"has one code and two sentences for every outcome", every_outcome},
    {"takes an outcome outside the table for refused", outside_outcomes},
};

SUITE("err", cases)
