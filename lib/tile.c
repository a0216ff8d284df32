#include "lib/tile.h"

#include "lib/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 40 /* seven groups of three digits */

/* --- names -----------------------------------------------------------------
 */

/* 1234067 -> "x001/x234/067" */
static void
number_format(uint64_t n, char text[static NUMBER_MAX])
{
	uint64_t unit = 1;
	int at = 0;

	while (n / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		at += snprintf(text + at, (size_t)(NUMBER_MAX - at), "x%03u/",
		    (unsigned)(n / unit % 1000));
	snprintf(
	    text + at, (size_t)(NUMBER_MAX - at), "%03u", (unsigned)(n % 1000));
}

void
tile_path(
    int level, uint64_t n, unsigned width, char path[static TILE_PATH_MAX])
{
	char number[NUMBER_MAX], suffix[8] = "";
	int len;

	assert(width >= 1 && width <= TILE_WIDTH);
	number_format(n, number);
	if (width < TILE_WIDTH)
		snprintf(suffix, sizeof(suffix), ".p/%u", width);
	if (level == TILE_ENTRIES)
		len = snprintf(
		    path, TILE_PATH_MAX, "tile/entries/%s%s", number, suffix);
	else
		len = snprintf(
		    path, TILE_PATH_MAX, "tile/%d/%s%s", level, number, suffix);
	assert(len > 0 && len < TILE_PATH_MAX);
}

static bool
three_digits(const char *s)
{
	for (int i = 0; i < 3; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

static enum err
number_read(const char **s, uint64_t *n)
{
	*n = 0;
	for (;;) {
		bool more = **s == 'x';
		unsigned group;

		*s += more;
		if (!three_digits(*s))
			return ERR_MALFORMED;
		group = (unsigned)((*s)[0] - '0') * 100 +
			(unsigned)((*s)[1] - '0') * 10 +
			(unsigned)((*s)[2] - '0');
		if (*n > (UINT64_MAX - group) / 1000)
			return ERR_MALFORMED;
		*n = *n * 1000 + group;
		*s += 3;
		if (!more)
			return ERR_NONE;
		if (*(*s)++ != '/')
			return ERR_MALFORMED;
	}
}

static enum err
level_read(const char **s, int *level)
{
	char digits[3] = "";
	uint64_t v;

	if (strncmp(*s, "entries/", 8) == 0) {
		*level = TILE_ENTRIES;
		*s += 8;
		return ERR_NONE;
	}
	for (int i = 0; i < 2 && **s >= '0' && **s <= '9'; i++)
		digits[i] = *(*s)++;
	if (*(*s)++ != '/' || text_to_u64(digits, 63, &v) != ERR_NONE)
		return ERR_MALFORMED;
	*level = (int)v;
	return ERR_NONE;
}

enum err
tile_path_parse(const char *path, int *level, uint64_t *n, unsigned *width)
{
	char again[TILE_PATH_MAX];
	uint64_t w = TILE_WIDTH;

	if (strlen(path) >= TILE_PATH_MAX || strncmp(path, "tile/", 5) != 0)
		return ERR_MALFORMED;
	path += 5;
	if (level_read(&path, level) != ERR_NONE)
		return ERR_MALFORMED;
	snprintf(again, sizeof(again), "%s", path);
	if (number_read(&path, n) != ERR_NONE)
		return ERR_MALFORMED;
	if (strncmp(path, ".p/", 3) == 0) {
		if (text_to_u64(path + 3, TILE_WIDTH - 1, &w) != ERR_NONE ||
		    w == 0)
			return ERR_MALFORMED;
	} else if (*path != 0)
		return ERR_MALFORMED;
	/* one spelling only: "x000/001" is not 1 */
	if (again[0] == 'x' && strncmp(again, "x000", 4) == 0)
		return ERR_MALFORMED;
	*width = (unsigned)w;
	return ERR_NONE;
}

/* --- numbers ---------------------------------------------------------------
 */

/* Hashes (or entries) a log of `size` leaves has at a level. */
static uint64_t
level_hashes(int level, uint64_t size)
{
	int bits = level <= 0 ? 0 : level * TILE_HEIGHT;

	return bits > 63 ? 0 : size >> bits;
}

uint64_t
tile_count(int level, uint64_t size)
{
	return level_hashes(level, size) / TILE_WIDTH;
}

unsigned
tile_partial(int level, uint64_t size)
{
	return (unsigned)(level_hashes(level, size) % TILE_WIDTH);
}

/* --- bundles ---------------------------------------------------------------
 */

void
bundle_add(struct buf *bundle, const uint8_t leaf[static ENTRY_LEAF_LEN])
{
	buf_add_u16(bundle, ENTRY_LEAF_LEN);
	buf_add(bundle, leaf, ENTRY_LEAF_LEN);
}

enum err
bundle_next(struct span *rest, struct span *entry)
{
	size_t n;

	if (rest->n < 2)
		return ERR_TRUNCATED;
	n = (size_t)rest->p[0] << 8 | rest->p[1];
	if (rest->n - 2 < n)
		return ERR_TRUNCATED;
	*entry = span_of(rest->p + 2, n);
	*rest = span_of(rest->p + 2 + n, rest->n - 2 - n);
	return ERR_NONE;
}
