/* The versions of the law an agent holds: permits are read under their own. */
#ifndef AGENTS_RUNTIME_LAW_H
#define AGENTS_RUNTIME_LAW_H

#include "lib/bundle.h"
#include "lib/fault.h"
#include "policy/policy.h"

#define LAW_VERSIONS_MAX 32

/* All-zero holds none. */
struct law {
	struct policy *held[LAW_VERSIONS_MAX]; /* rising versions */
	size_t n;
};

/* Where they come from, and who must have signed each of them. */
struct law_sources {
	const struct officers *officers;
	const char *dir, *signatures; /* one version */
	const char *versions; /* folder of more: NAME/ and NAME.sig; or NULL */
	uint64_t now_ms;
};

/*
 * Add what the sources have to what is held. Earlier versions stay, because
 * permits given under them may still come. All or nothing: on an error *f says
 * which version and why, and *law is as it was. ERR_SIGNATURE and the like;
 * ERR_POLICY_VERSION where the sources' newest is older than what is held, or
 * where one number stands for two different policies.
 */
enum err law_load(
    struct law *law, const struct law_sources *from, struct fault *f);
void law_fini(struct law *law);

/* The version a permit names by its hash, or NULL. */
const struct policy *law_find(
    const struct law *law, const uint8_t hash[static POLICY_HASH_LEN]);
/* The highest; one must be held. */
const struct policy *law_newest(const struct law *law);

#endif
