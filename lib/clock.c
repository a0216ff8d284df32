#include "lib/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define JST_MS (9 * 3600 * 1000ull)
#define DAY_MS (24 * 3600 * 1000ull)

static struct timespec
now_of(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return t;
}

uint64_t
clock_ms(void)
{
	struct timespec t = now_of(CLOCK_REALTIME);

	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t
clock_mono_us(void)
{
	struct timespec t = now_of(CLOCK_MONOTONIC);

	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

static bool
leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const uint8_t days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year));
}

static bool
date_exists(int year, int month, int mday)
{
	return year >= 1 && year <= 9999 && month >= 1 && month <= 12 &&
	       mday >= 1 && mday <= month_days(year, month);
}

/*
 * Days and dates by years that begin in March, so that the leap day is the
 * last one; 400 of them are an era of 146,097 days, the first from 0000-03-01.
 */
#define ERA_DAYS 146097
#define ERA_TO_1970 719468

struct day
day_of_date(int year, int month, int mday)
{
	int y = month > 2 ? year : year - 1;
	int era = y / 400, of_era = y % 400;
	int of_year = (153 * ((month + 9) % 12) + 2) / 5 + mday - 1;

	assert(date_exists(year, month, mday));
	return (struct day){era * ERA_DAYS + of_era * 365 + of_era / 4 -
			    of_era / 100 + of_year - ERA_TO_1970};
}

void
day_date(struct day d, int *year, int *month, int *mday)
{
	int z = d.n + ERA_TO_1970;
	int era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int day = z - era * ERA_DAYS;
	int of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
	int march_month = (5 * of_year + 2) / 153;

	*mday = of_year - (153 * march_month + 2) / 5 + 1;
	*month = march_month < 10 ? march_month + 3 : march_month - 9;
	*year = of_era + era * 400 + (*month <= 2);
}

struct day
day_of_ms(uint64_t ms)
{
	return (struct day){(int32_t)((ms + JST_MS) / DAY_MS)};
}

uint64_t
day_start_ms(struct day d)
{
	return d.n <= 0 ? 0 : (uint64_t)d.n * DAY_MS - JST_MS;
}

static int
digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

enum err
day_parse(const char *text, struct day *out)
{
	int year, month, mday;

	if (strlen(text) != DAY_TEXT_LEN - 1 || text[4] != '-' ||
	    text[7] != '-')
		return ERR_MALFORMED;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	mday = digits(text + 8, 2);
	if (!date_exists(year, month, mday))
		return ERR_MALFORMED;
	*out = day_of_date(year, month, mday);
	return ERR_NONE;
}

const char *
day_text(struct day d, char out[static DAY_TEXT_LEN])
{
	int year, month, mday;

	day_date(d, &year, &month, &mday);
	assert(year >= 0 && year <= 9999);
	snprintf(out, DAY_TEXT_LEN, "%04u-%02u-%02u", (unsigned)year % 10000,
	    (unsigned)month % 100, (unsigned)mday % 100);
	return out;
}

int
day_month(struct day d)
{
	int year, month, mday;

	day_date(d, &year, &month, &mday);
	return year * 100 + month;
}

int
day_fiscal_year(struct day d)
{
	int year, month, mday;

	day_date(d, &year, &month, &mday);
	return month >= 4 ? year : year - 1;
}

const char *
clock_text(uint64_t ms, char out[static CLOCK_TEXT_LEN])
{
	/* 9999-12-31 in JST: what the form can say */
	const uint64_t last = 253402268399999ull;
	uint64_t at = ms < last ? ms : last;
	unsigned of_day = (unsigned)((at + JST_MS) % DAY_MS);

	day_text(day_of_ms(at), out);
	snprintf(out + DAY_TEXT_LEN - 1, CLOCK_TEXT_LEN - DAY_TEXT_LEN + 1,
	    "T%02u:%02u:%02u.%03u+09:00", of_day / 3600000 % 24,
	    of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
	return out;
}
