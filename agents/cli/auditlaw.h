/* The law as the log says it was, and whether a decision was its own. */
#ifndef AGENTS_CLI_AUDITLAW_H
#define AGENTS_CLI_AUDITLAW_H

#include "lib/messages.h"
#include "policy/policy.h"

#define AUDITLAW_MAX 16
/* A change of the law reaches every worker within a second. */
#define AUDITLAW_GRACE_MS 5000

/* A list of suspensions that officers signed, by its hash. */
struct auditlaw_list {
	struct buf file;
	uint8_t hash[HASH_LEN];
};

/* All-zero holds none. Policies are freed by auditlaw_fini. */
struct auditlaw {
	struct policy *policy[AUDITLAW_MAX];
	struct auditlaw_list list[AUDITLAW_MAX];
	size_t n, n_lists;
	/* as entries told it so far */
	bool told;
	uint8_t hash[HASH_LEN]; /* of the policy in force */
	uint64_t since_ms, suspended_ms;
	bool suspensions_unknown; /* a list in force was not given */
};

/* X(name, code). What a decision was, seen again. */
#define AUDITLAW_TABLE(X)                                    \
	X(AUDITLAW_FITS, "fits")                             \
	/* a permit that the law of then does not allow */   \
	X(AUDITLAW_NOT_ALLOWED, "not-allowed")               \
	/* a refusal of what the law of then allowed */      \
	X(AUDITLAW_NOT_REFUSED, "not-refused")               \
	/* decided by another version than was in force */   \
	X(AUDITLAW_OTHER_LAW, "other-law")                   \
	/* a version that was not given: cannot be judged */ \
	X(AUDITLAW_UNKNOWN_LAW, "unknown-law")

enum auditlaw_finding {
#define AUDITLAW_ENUM(name, code) name,
	AUDITLAW_TABLE(AUDITLAW_ENUM)
#undef AUDITLAW_ENUM
};
const char *auditlaw_code(enum auditlaw_finding f);

/* Hold one version of the policy (taken), or one list (copied). */
void auditlaw_add(struct auditlaw *l, struct policy *p);
void auditlaw_add_list(struct auditlaw *l, struct span file);
void auditlaw_fini(struct auditlaw *l);

/* An entry of type policy, in the log's order: from here on that is the law. */
void auditlaw_take(struct auditlaw *l, const struct entry *e);
/*
 * A permit or refusal (entry_by_policy), decided again. *now is the decision
 * of now, where there is one.
 */
enum auditlaw_finding auditlaw_judge(
    const struct auditlaw *l, const struct entry *e, enum outcome *now);

#endif
