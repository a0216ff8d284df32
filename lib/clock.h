/* Instants in milliseconds, and the law's days in Japan's time. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/* Milliseconds since 1970 UTC. */
uint64_t clock_ms(void);
/* A clock that is never set: for deadlines and durations only. */
uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);

/*
 * A legal day (JST, +09:00 without summer time): days since 1970-01-01 of
 * that calendar. Compare by n. Days, months and fiscal years of the law are
 * always these, whatever the machine's zone.
 */
struct day {
	int32_t n;
};

#define DAY_TEXT_LEN 11	  /* "2024-05-27" and NUL */
#define CLOCK_TEXT_LEN 30 /* "2024-05-27T09:30:00.125+09:00" and NUL */

struct day day_of_ms(uint64_t ms);
/* The day's first instant; days before 1970-01-01 09:00 UTC give 0. */
uint64_t day_start_ms(struct day d);
/* A proper date of the Gregorian calendar, asserted: year 1 to 9999. */
struct day day_of_date(int year, int month, int mday);
void day_date(struct day d, int *year, int *month, int *mday);
/* Exactly YYYY-MM-DD and a date that exists, else ERR_MALFORMED. */
enum err day_parse(const char *text, struct day *out);
const char *day_text(struct day d, char out[static DAY_TEXT_LEN]);
/* yyyymm: the partition an instant's entries lie in. */
int day_month(struct day d);
/* The year whose April began the fiscal year (年度). */
int day_fiscal_year(struct day d);

/* RFC 3339 in JST with milliseconds. */
const char *clock_text(uint64_t ms, char out[static CLOCK_TEXT_LEN]);

#endif
