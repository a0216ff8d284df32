#include <string.h>

#include "agents/runtime/idmap.h"
#include "lib/uuid.h"
#include "tests/unit/suite.h"

#define MANY 5000

static uint8_t ids[MANY][IDMAP_KEY];
static int values[MANY];

static void
finds_what_was_added(void)
{
	struct idmap m = {0};
	size_t missing = 0;

	for (size_t i = 0; i < MANY; i++) {
		uuid_make(ids[i]);
		idmap_add(&m, ids[i], &values[i]);
	}
	for (size_t i = 0; i < MANY; i++)
		missing += idmap_find(&m, ids[i]) != &values[i];
	CU_ASSERT_EQUAL(missing, 0);
	CU_ASSERT_EQUAL(m.n, MANY);
	idmap_free(&m);
}

static void
forgets_what_was_taken(void)
{
	struct idmap m = {0};
	size_t wrong = 0;

	for (size_t i = 0; i < MANY; i++)
		idmap_add(&m, ids[i], &values[i]);
	for (size_t i = 0; i < MANY; i += 2)
		wrong += idmap_take(&m, ids[i]) != &values[i];
	for (size_t i = 0; i < MANY; i++)
		wrong += (idmap_find(&m, ids[i]) != NULL) != (i % 2 == 1);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_PTR_NULL(idmap_take(&m, ids[0]));
	idmap_free(&m);
}

static void
walks_each_once_while_taking(void)
{
	struct idmap m = {0};
	size_t n = 0;
	int *v;

	for (size_t i = 0; i < MANY; i++)
		idmap_add(&m, ids[i], &values[i]);
	for (size_t at = 0; (v = idmap_next(&m, &at)) != NULL; n++)
		idmap_take(&m, ids[v - values]);
	CU_ASSERT_EQUAL(n, MANY);
	CU_ASSERT_EQUAL(m.n, 0);
	idmap_free(&m);
}

static void
stays_small_when_things_come_and_go(void)
{
	struct idmap m = {0};

	for (int i = 0; i < 200000; i++) {
		idmap_add(&m, ids[i % MANY], &values[0]);
		idmap_take(&m, ids[i % MANY]);
	}
	CU_ASSERT_TRUE(m.cap <= 256);
	CU_ASSERT_PTR_NULL(idmap_find(&m, ids[1]));
	idmap_free(&m);
}

static const struct suite_case cases[] = {
    {"finds what was added", finds_what_was_added},
    {"forgets what was taken", forgets_what_was_taken},
    {"walks each once, also while they are taken out",
	walks_each_once_while_taking},
    {"stays small when things come and go",
	stays_small_when_things_come_and_go},
};
SUITE("idmap", cases)
