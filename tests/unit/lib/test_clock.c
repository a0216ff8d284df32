/* lib/clock.h: the law's days are Japan's, whatever the machine's zone. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "tests/unit/suite.h"

#define HOUR_MS 3600000ull
/* 2024-05-26 15:00 UTC: the first instant of 2024-05-27 in Japan */
#define MAY_27 1716735600000ull

static void
midnight(void)
{
	char text[DAY_TEXT_LEN];

	CU_ASSERT_STRING_EQUAL(day_text(day_of_ms(MAY_27), text), "2024-05-27");
	CU_ASSERT_STRING_EQUAL(
	    day_text(day_of_ms(MAY_27 - 1), text), "2024-05-26");
	CU_ASSERT_EQUAL(day_start_ms(day_of_ms(MAY_27 + HOUR_MS)), MAY_27);
	CU_ASSERT_EQUAL(day_start_ms(day_of_date(1960, 1, 1)), 0);
}

static void
every_zone(void)
{
	static const char *const zones[] = {
	    "UTC", "America/New_York", "Pacific/Kiritimati"};
	char text[CLOCK_TEXT_LEN];

	for (size_t i = 0; i < 3; i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		CU_ASSERT_STRING_EQUAL(clock_text(MAY_27 + 34200125, text),
		    "2024-05-27T09:30:00.125+09:00");
	}
	unsetenv("TZ");
}

/* Against the C library, a day after another, for six centuries. */
static void
calendar(void)
{
	for (int32_t n = -110000; n < 110000; n++) {
		time_t t = (time_t)n * 86400;
		struct day d = {n};
		struct tm tm;
		int year, month, mday;

		gmtime_r(&t, &tm);
		day_date(d, &year, &month, &mday);
		CU_ASSERT_FATAL(year == tm.tm_year + 1900 &&
				month == tm.tm_mon + 1 && mday == tm.tm_mday);
		CU_ASSERT_FATAL(day_of_date(year, month, mday).n == n);
	}
}

static void
parsing(void)
{
	struct day d;
	char text[DAY_TEXT_LEN];

	SUITE_ERR(day_parse("2024-02-29", &d), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(day_text(d, text), "2024-02-29");
	SUITE_ERR(day_parse("2000-02-29", &d), ERR_NONE);
	SUITE_ERR(day_parse("0001-01-01", &d), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(day_text(d, text), "0001-01-01");
	SUITE_ERR(day_parse("9999-12-31", &d), ERR_NONE);
}

static void
no_dates(void)
{
	static const char *const bad[] = {"2023-02-29", "1900-02-29",
	    "2024-13-01", "2024-00-01", "2024-04-31", "2024-04-00", "24-04-01",
	    "2024-4-1", "2024/04/01", "2024-04-01 ", "", "0000-01-01",
	    "20x4-04-01"};
	struct day d;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(day_parse(bad[i], &d), ERR_MALFORMED);
}

static void
months_and_years(void)
{
	CU_ASSERT_EQUAL(day_month(day_of_date(2024, 3, 31)), 202403);
	CU_ASSERT_EQUAL(day_fiscal_year(day_of_date(2024, 3, 31)), 2023);
	CU_ASSERT_EQUAL(day_fiscal_year(day_of_date(2024, 4, 1)), 2024);
	CU_ASSERT_EQUAL(day_month(day_of_ms(MAY_27)), 202405);
}

static void
running(void)
{
	uint64_t a = clock_mono_us(), b = clock_mono_us();
	char text[CLOCK_TEXT_LEN];

	CU_ASSERT(a <= b);
	CU_ASSERT(clock_ms() > 1700000000000ull);
	CU_ASSERT_EQUAL(strlen(clock_text(UINT64_MAX, text)), 29);
}

static const struct suite_case cases[] = {
    {"begins a day at midnight in Japan", midnight},
    {"shows the same in every zone of the machine", every_zone},
    {"agrees with the C library's calendar", calendar},
    {"reads dates", parsing},
    {"refuses dates that are none", no_dates},
    {"names months and fiscal years", months_and_years},
    {"runs forward", running},
};

SUITE("clock", cases)
