#include "broker/peer.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

static void
in_turn(void)
{
	struct peers *ps = peers_new();
	for (uint32_t r = 1; r <= 3; r++)
		peers_seen(ps, r, "a")->greeted = true;
	unsigned seen[4] = {0};
	for (int i = 0; i < 9; i++)
		seen[peers_of(ps, "a", 0)->route]++;
	CU_ASSERT_EQUAL(seen[1], 3);
	CU_ASSERT_EQUAL(seen[2], 3);
	CU_ASSERT_EQUAL(seen[3], 3);
	peers_free(ps);
}

static void
greeted_only(void)
{
	struct peers *ps = peers_new();
	peers_seen(ps, 1, "a");
	CU_ASSERT_PTR_NULL(peers_of(ps, "a", 0));
	CU_ASSERT_PTR_NULL(peers_of(ps, "b", 0));
	peers_seen(ps, 2, "a")->greeted = true;
	CU_ASSERT_EQUAL(peers_of(ps, "a", 0)->route, 2);
	CU_ASSERT_EQUAL(peers_of(ps, "a", 0)->route, 2);
	peers_free(ps);
}

static void
wanted(void)
{
	struct peers *ps = peers_new();
	peers_seen(ps, 1, "a")->greeted = true;
	peers_seen(ps, 2, "a")->greeted = true;
	peers_seen(ps, 3, "b")->greeted = true;
	CU_ASSERT_EQUAL(peers_of(ps, "a", 2)->route, 2);
	CU_ASSERT_EQUAL(peers_of(ps, "a", 2)->route, 2);
	CU_ASSERT_NOT_EQUAL(peers_of(ps, "a", 3)->route, 3);
	peers_free(ps);
}

static void
gone(void)
{
	struct peers *ps = peers_new();
	for (uint32_t r = 1; r <= 20000; r++) {
		char party[8];
		snprintf(party, sizeof(party), "p%u", r % 300);
		peers_seen(ps, r, party)->greeted = true;
	}
	CU_ASSERT_EQUAL(peers_count(ps), 20000);
	for (uint32_t r = 1; r <= 20000; r++)
		if (r % 300 == 7)
			peers_gone(ps, r);
	CU_ASSERT_PTR_NULL(peers_of(ps, "p7", 0));
	CU_ASSERT_PTR_NOT_NULL(peers_of(ps, "p8", 0));
	CU_ASSERT_PTR_NULL(peers_find(ps, 307));
	CU_ASSERT_EQUAL(peers_find(ps, 308)->route, 308);
	peers_gone(ps, 307); /* twice is nothing */
	peers_free(ps);
}

static const struct suite_case cases[] = {
    {"takes a party's connections in turn", in_turn},
    {"sends nothing unasked to who said no hello", greeted_only},
    {"keeps to the connection wanted, if it is the party's", wanted},
    {"forgets connections that are gone, and no others", gone},
};

SUITE("peer", cases)
