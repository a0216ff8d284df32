/* An auditor's way into the log: a recorded read, then entry by entry. */
#ifndef AGENTS_CLI_AUDITLOG_H
#define AGENTS_CLI_AUDITLOG_H

#include "lib/config.h"
#include "lib/messages.h"

struct auditlog;

extern const struct config_form auditlog_form; /* of audit.conf */

/* What is about to be read: it becomes an entry of the log itself. */
struct auditlog_read {
	const char *what; /* at most 255 bytes, no run of twelve digits */
	const char *period_from, *period_until; /* days, "" for none */
};

/*
 * Connect as the auditor of audit.conf, have the read recorded and verify the
 * entry's proof: until then nothing is read. `about` gets what to name in a
 * complaint. ERR_OFFLINE, ERR_TIMEOUT, ERR_NOT_YOURS (the key is no
 * auditor's), ERR_FORK, ERR_PROOF, ERR_CONFIG, ... *out is NULL on failure.
 */
enum err auditlog_open(const char *config, const struct auditlog_read *read,
    struct auditlog **out, char about[static 300]);
/* Remembers the newest checkpoint where audit.conf says so. NULL-safe. */
void auditlog_close(struct auditlog *l);

/* Where the read itself stands in the log. */
uint64_t auditlog_index(const struct auditlog *l);
/* Entries under the read's checkpoint, and how many of them have expired. */
uint64_t auditlog_size(const struct auditlog *l);
uint64_t auditlog_expired(const struct auditlog *l);

/*
 * Every entry under the read's checkpoint, in order. What was visited may be
 * used only if this returns ERR_NONE: the leaves gave the root that was
 * signed. ERR_PROOF: they did not.
 */
typedef void auditlog_visit(
    void *ctx, uint64_t index, const struct entry *entry);
enum err auditlog_each(struct auditlog *l, auditlog_visit *visit, void *ctx);

#endif
