#include "lib/tile.h"
#include "tests/unit/suite.h"

#include <string.h>

static void
names(void)
{
	static const struct {
		int level;
		uint64_t n;
		unsigned width;
		const char *path;
	} t[] = {{0, 0, 256, "tile/0/000"}, {0, 999, 256, "tile/0/999"},
	    {0, 1000, 256, "tile/0/x001/000"},
	    {0, 1234067, 256, "tile/0/x001/x234/067"},
	    {1, 273, 112, "tile/1/273.p/112"},
	    {TILE_ENTRIES, 5, 1, "tile/entries/005.p/1"},
	    {7, 255, 255, "tile/7/255.p/255"},
	    {0, UINT64_MAX, 256, "tile/0/x018/x446/x744/x073/x709/x551/615"}};
	char path[TILE_PATH_MAX];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int level;
		uint64_t n;
		unsigned width;

		tile_path(t[i].level, t[i].n, t[i].width, path);
		CU_ASSERT_STRING_EQUAL(path, t[i].path);
		SUITE_ERR(tile_path_parse(path, &level, &n, &width), ERR_NONE);
		CU_ASSERT_EQUAL(level, t[i].level);
		CU_ASSERT_EQUAL(n, t[i].n);
		CU_ASSERT_EQUAL(width, t[i].width);
	}
}

static void
names_refused(void)
{
	static const char *const bad[] = {"", "tile", "tile/", "tile/0",
	    "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000",
	    "tile/0/x000/001", "tile/0/x1/001", "tile/00/000", "tile/64/000",
	    "tile/-1/000", "tile/0/000.p/0", "tile/0/000.p/256",
	    "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000/", "tile/0/000 ",
	    "tile/entries", "tile/entries/", "/tile/0/000", "tile/0/../000",
	    "tile/0/x999/x999/x999/x999/x999/x999/999"};
	int level;
	uint64_t n;
	unsigned width;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(
		    tile_path_parse(bad[i], &level, &n, &width), ERR_MALFORMED);
}

static void
widths(void)
{
	/* the specification's example: a tree of 70,000 */
	CU_ASSERT_EQUAL(tile_count(0, 70000), 273);
	CU_ASSERT_EQUAL(tile_partial(0, 70000), 112);
	CU_ASSERT_EQUAL(tile_count(TILE_ENTRIES, 70000), 273);
	CU_ASSERT_EQUAL(tile_partial(TILE_ENTRIES, 70000), 112);
	CU_ASSERT_EQUAL(tile_count(1, 70000), 1);
	CU_ASSERT_EQUAL(tile_partial(1, 70000), 17);
	CU_ASSERT_EQUAL(tile_count(2, 70000), 0);
	CU_ASSERT_EQUAL(tile_partial(2, 70000), 1);
	CU_ASSERT_EQUAL(tile_partial(3, 70000), 0);
	CU_ASSERT_EQUAL(tile_count(0, 256), 1);
	CU_ASSERT_EQUAL(tile_partial(0, 256), 0);
	CU_ASSERT_EQUAL(tile_partial(1, 256), 1);
	CU_ASSERT_EQUAL(tile_count(8, UINT64_MAX), 0);
}

static void
bundles(void)
{
	uint8_t leaf[ENTRY_LEAF_LEN] = {1, 2, 3};
	struct buf b = {0};
	struct span rest, entry;

	bundle_add(&b, leaf);
	leaf[32] = 9;
	bundle_add(&b, leaf);
	CU_ASSERT_EQUAL(b.n, 2 * BUNDLE_ENTRY_LEN);
	rest = buf_span(&b);
	SUITE_ERR(bundle_next(&rest, &entry), ERR_NONE);
	SUITE_ERR(bundle_next(&rest, &entry), ERR_NONE);
	CU_ASSERT(span_equal(entry, SPAN(leaf)));
	SUITE_ERR(bundle_next(&rest, &entry), ERR_TRUNCATED);
	for (size_t n = 0; n < BUNDLE_ENTRY_LEN; n++) {
		rest = span_of(b.p, n);
		SUITE_ERR(bundle_next(&rest, &entry), ERR_TRUNCATED);
	}
	buf_free(&b);
}

static const struct suite_case cases[] = {
    {"names tiles and reads their names", names},
    {"refuses names that are none, or a second spelling", names_refused},
    {"knows how many tiles a tree has, and how wide the last is", widths},
    {"writes and reads entry bundles, and refuses a cut one", bundles},
};
SUITE("tile", cases)
