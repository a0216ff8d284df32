/* An entry of the log, decided again by some version of the law. */
#ifndef AGENTS_CLI_ENTRYDECIDE_H
#define AGENTS_CLI_ENTRYDECIDE_H

#include "lib/messages.h"
#include "policy/policy.h"

/* A permit, or a refusal that the policy's files decide; the other refusals
 * are of the message. */
bool entry_by_policy(const struct entry *e);
/* What was decided: permitted, or the refusal's outcome. */
enum outcome entry_was(const struct entry *e);
/* The table, then the impact assessments, as of the entry's own instant. */
enum outcome entry_decide(const struct policy *p, const struct entry *e);

#endif
