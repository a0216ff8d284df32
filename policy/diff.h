/* Who gains and loses what between two days, or between two versions. */
#ifndef POLICY_DIFF_H
#define POLICY_DIFF_H

#include "policy/policy.h"

/*
 * What can be gained or lost. X(name, word, labels of its fields). A right is
 * of a class of bodies; who is in the class is told apart, so that a list of
 * rights, members and delegations is complete. A task's words changed beyond
 * definitions: somebody must read whether it grew. A wording changed nobody's
 * right: it is shown apart from real changes.
 */
#define POLICY_CHANGES(X)                                                      \
	X(CHANGE_RIGHT, "right", "row", "inquirer", "provider", "data", "")    \
	X(CHANGE_MEMBER, "member", "class", "body", "", "", "")                \
	X(CHANGE_DELEGATION, "delegation", "row", "delegator", "delegate", "", \
	    "")                                                                \
	X(CHANGE_PROCEDURE, "procedure", "procedure", "data", "", "", "")      \
	X(CHANGE_TASK, "task", "row", "task", "", "", "")                      \
	X(CHANGE_WORDING, "wording", "row", "inquirer", "provider", "data",    \
	    "task")
#define POLICY_CHANGE_FIELDS 5

enum policy_change_kind {
#define CHANGE_ENUM(name, word, a, b, c, d, e) name,
	POLICY_CHANGES(CHANGE_ENUM)
#undef CHANGE_ENUM
	    CHANGE_COUNT
};

/* One thing gained ('+') or lost ('-'); classes and bodies by code. */
struct policy_change {
	enum policy_change_kind kind;
	char sign;
	const char *field[POLICY_CHANGE_FIELDS];
};

/* "right" and so on; and what its fields are, "" where it has fewer. */
const char *policy_change_word(enum policy_change_kind kind);
const char *policy_change_label(enum policy_change_kind kind, unsigned field);

/*
 * Compare `before` on day_a with `after` on day_b (which may be the same
 * policy) and tell each change to visit, by kind, then in the order of rows.
 * Where one day is decided by 別表第二 and the other by the order, rights are
 * compared by (inquirer class, provider class, data) and the row is "";
 * the rest is then not compared. Texts are valid during the
 * call.
 */
void policy_diff(const struct policy *before, uint32_t day_a,
    const struct policy *after, uint32_t day_b,
    void (*visit)(const struct policy_change *change, void *arg), void *arg);

/*
 * All rights of a day as changes with the sign '+': what policy_diff compares.
 * Open and unlisted classes are left out, as nobody is in them.
 */
void policy_rights(const struct policy *p, uint32_t day,
    void (*visit)(const struct policy_change *right, void *arg), void *arg);

/* The name of a class in the statute's words, or the code where it is none. */
const char *policy_class_name(const struct policy *p, const char *code);
/* Whether a body is in the class on a day. */
bool policy_class_has(const struct policy *p, const char *class_code,
    const char *body, uint32_t day);
/* How many bodies are in the class on a day. */
size_t policy_class_size(
    const struct policy *p, const char *class_code, uint32_t day);

#endif
