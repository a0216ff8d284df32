/* Check digits, and the residents who do not exist. */
#include "agents/registrar/digits.h"
#include "agents/registrar/synthetic.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/*
 * By hand: 1..9,0,1 from the left gives 2*1 + 3*0 + 4*9 + 5*8 + 6*7 + 7*6
 * + 2*5 + 3*4 + 4*3 + 5*2 + 6*1 = 212 = 19 * 11 + 3, so 11 - 3 = 8.
 */
static void
by_hand(void)
{
	CU_ASSERT(my_number_valid("123456789018"));
	CU_ASSERT(!my_number_valid("123456789017"));
	/* nothing but noughts: remainder 0 gives 0, never 11 */
	CU_ASSERT(my_number_valid("000000000000"));
	CU_ASSERT(resident_code_valid("00000000000"));
	/* 2 * 5 = 10, remainder 10: 1 */
	CU_ASSERT(resident_code_valid("00000000051"));
	/* 2 * 6 = 12, remainder 1: 0, never 10 */
	CU_ASSERT(resident_code_valid("00000000060"));
	CU_ASSERT(!resident_code_valid("00000000061"));
}

static void
wrong_digits(void)
{
	char text[] = "123456789018";

	for (unsigned i = 0; i < MY_NUMBER_LEN - 1; i++) {
		char was = text[i];
		unsigned passed = 0;

		for (char c = '0'; c <= '9'; c++) {
			text[i] = c;
			passed += my_number_valid(text);
		}
		text[i] = was;
		/* the formula maps two remainders to 0, so one may slip by */
		CU_ASSERT(passed >= 1 && passed <= 2);
	}
}

static void
wrong_forms(void)
{
	CU_ASSERT(!my_number_valid(""));
	CU_ASSERT(!my_number_valid("12345678901"));
	CU_ASSERT(!my_number_valid("1234567890180"));
	CU_ASSERT(!my_number_valid("12345678901x"));
	CU_ASSERT(!my_number_valid("１２３４"));
	CU_ASSERT(!resident_code_valid("123456789018"));
	CU_ASSERT(!resident_code_valid("1234567890"));
}

#define MANY 20000

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
residents_are_whole(void)
{
	static char numbers[MANY][MY_NUMBER_LEN + 1];
	static char codes[MANY][RESIDENT_CODE_LEN + 1];

	for (unsigned i = 0; i < MANY; i++) {
		struct synthetic r;

		synthetic_resident(2026, i, &r);
		CU_ASSERT(my_number_valid(r.my_number));
		CU_ASSERT(resident_code_valid(r.resident_code));
		CU_ASSERT(r.sex == 1 || r.sex == 2);
		CU_ASSERT(r.name[0] != '\0' && r.address[0] != '\0');
		memcpy(numbers[i], r.my_number, sizeof(numbers[i]));
		memcpy(codes[i], r.resident_code, sizeof(codes[i]));
	}
	qsort(numbers, MANY, sizeof(numbers[0]), by_text);
	qsort(codes, MANY, sizeof(codes[0]), by_text);
	for (unsigned i = 1; i < MANY; i++) {
		CU_ASSERT(strcmp(numbers[i - 1], numbers[i]) != 0);
		CU_ASSERT(strcmp(codes[i - 1], codes[i]) != 0);
	}
}

static void
residents_come_again(void)
{
	struct buf a = {0}, b = {0}, c = {0};

	synthetic_csv(1, 200, &a);
	synthetic_csv(1, 200, &b);
	synthetic_csv(2, 200, &c);
	CU_ASSERT(span_equal(buf_span(&a), buf_span(&b)));
	CU_ASSERT(!span_equal(buf_span(&a), buf_span(&c)));
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
}

static const struct suite_case cases[] = {
    {"computes the check digit as one does by hand", by_hand},
    {"refuses nearly every single wrong digit", wrong_digits},
    {"refuses what is not just so many digits", wrong_forms},
    {"makes whole residents, no two with one number", residents_are_whole},
    {"makes the same residents of one seed, others of another",
	residents_come_again},
};
SUITE("digits", cases)
