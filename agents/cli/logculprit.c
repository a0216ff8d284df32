#include "agents/cli/logculprit.h"

#include <string.h>

/* Whether the tail gives the signed root with leaves at order[0..n-1]. */
static bool
gives_root(const struct logculprit *c, const size_t *order)
{
	struct merkle_frontier f = c->before;
	uint8_t root[MERKLE_LEN];

	for (size_t i = 0; i < c->n; i++)
		merkle_append(&f, c->leaf[order[i]]);
	merkle_root(&f, root);
	return memcmp(root, c->root, MERKLE_LEN) == 0;
}

static bool
find_exchanged(const struct logculprit *c, size_t *order, size_t *i, size_t *j)
{
	for (*i = 0; *i < c->n; ++*i)
		for (*j = *i + 1; *j < c->n; ++*j) {
			bool found;

			order[*i] = *j;
			order[*j] = *i;
			found = gives_root(c, order);
			order[*i] = *i;
			order[*j] = *j;
			if (found)
				return true;
		}
	return false;
}

static bool
find_inserted(const struct logculprit *c, size_t *order, size_t *i)
{
	/* leave out the last, then move the gap towards the front */
	for (*i = c->n; c->next && (*i)-- > 0;) {
		order[*i] = *i + 1;
		if (gives_root(c, order))
			return true;
	}
	return false;
}

enum logfault
logculprit_find(const struct logculprit *c, size_t *i, size_t *j)
{
	size_t order[256];

	if (c->n > 255)
		return LOGFAULT_ROOT;
	for (size_t k = 0; k < c->n; k++)
		order[k] = k;
	if (find_exchanged(c, order, i, j))
		return LOGFAULT_SWAPPED;
	if (find_inserted(c, order, i))
		return LOGFAULT_INSERTED;
	return LOGFAULT_ROOT;
}
