/* An agency's export of its exchange records: outer outcomes, no persons. */
#ifndef AGENTS_CLI_AUDITCOPY_H
#define AGENTS_CLI_AUDITCOPY_H

#include "lib/clock.h"
#include "lib/fault.h"
#include "lib/messages.h"

/*
 * The export is CSV under these headings.
 * X(name, English, Japanese)
 */
#define COPY_COLUMNS(X)                              \
	X(agency, "whose record this is")            \
	X(side, "asked or answered")                 \
	X(exchange, "exchange id")                   \
	X(inquirer, "who asked")                     \
	X(provider, "who was asked")                 \
	X(task, "row of the table")                  \
	X(procedure, "procedure")                    \
	X(data, "data names, divided by 、")         \
	X(asked_ms, "time of the inquiry")           \
	X(outcome, "code of the outer outcome")      \
	X(sequence, "the agency's own number of it") \
	X(log_index, "its entry in the log")

enum copy_column {
#define COPY_ENUM(name, what) COPY_##name,
	COPY_COLUMNS(COPY_ENUM)
#undef COPY_ENUM
	    COPY_WIDTH
};
/* Their names in order. */
extern const char *const copy_names[COPY_WIDTH];

enum copy_side { COPY_ASKED = 1, COPY_ANSWERED = 2 };

/* One record of one agency. */
struct copy_record {
	char agency[PARTY_MAX + 1], inquirer[PARTY_MAX + 1],
	    provider[PARTY_MAX + 1], task[16], procedure[32];
	enum copy_side side;
	uint8_t id[ID_LEN];
	char *data;
	uint64_t asked_ms, sequence;
	char outcome[32]; /* "": not ended */
	bool logged;	  /* the agency knows an entry of the log for it */
	bool seen;	  /* by whoever compares */
};

/* One agency's file. */
struct audit_copy {
	char agency[PARTY_MAX + 1];
	struct copy_record *record;
	size_t n;
	struct idmap *index;
};

/*
 * Read the export of this agency. ERR_LINE, ERR_FILE with the reason in `f`:
 * another heading, a malformed cell, another agency's record, one twice. The
 * caller frees *out in any case.
 */
enum err auditcopy_read(const char *path, const char *agency,
    struct audit_copy *out, struct fault *f);
/* Its record of that exchange on that side, or NULL. */
struct copy_record *auditcopy_find(const struct audit_copy *c,
    enum copy_side side, const char *inquirer, const uint8_t id[static ID_LEN]);
void auditcopy_free(struct audit_copy *c);

#endif
