/* When the root is wrong and every entry looks right: which entry it is. */
#ifndef AGENTS_CLI_LOGCULPRIT_H
#define AGENTS_CLI_LOGCULPRIT_H

#include "agents/cli/logaudit.h"

/*
 * The leaves after the last full tile of a signed tree, which no tile can
 * tell apart: at most 255, and the one that follows them if there is one.
 */
struct logculprit {
	struct merkle_frontier before;	   /* the tree up to the tail */
	const uint8_t (*leaf)[MERKLE_LEN]; /* as the entries have them */
	size_t n;			   /* of the signed tail */
	bool next;			   /* leaf[n] is there, too */
	const uint8_t *root;		   /* what was signed */
};

/*
 * Try what a single hand could have done: two entries exchanged (*i, *j), or
 * one inserted (*i). The change that gives the signed root when undone is
 * what happened; LOGFAULT_ROOT when none does. At most a second.
 */
enum logfault logculprit_find(const struct logculprit *c, size_t *i, size_t *j);

#endif
