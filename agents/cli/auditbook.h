/* The log's entries put together again as exchanges; no person is in them. */
#ifndef AGENTS_CLI_AUDITBOOK_H
#define AGENTS_CLI_AUDITBOOK_H

#include "lib/messages.h"
#include "lib/outcome.h"

/* One inquiry and what became of it. Texts are the book's. */
struct audit_exchange {
	uint8_t id[ID_LEN];
	const char *inquirer, *inquirer_for, *provider, *unit, *task,
	    *procedure, *rule;
	const char *data;	 /* names, divided by "、" */
	const uint8_t *case_tag; /* 32 bytes */
	uint64_t index;		 /* of the permit or refusal */
	uint64_t admitted_ms, asked_ms, ended_ms;
	uint64_t sequence;	  /* the inquirer's */
	uint64_t answer_sequence; /* the provider's; 0: it did not answer */
	bool permitted, uncollected;
	/* of the refusal, of the end, or PERMITTED: still open */
	enum outcome outcome;
};

/* All-zero is an empty one. */
struct audit_book {
	struct audit_exchange **exchange; /* in the log's order */
	size_t n;
	struct audit_index *index;
};

/* An auditlog_visit over a book. Entries about no exchange are passed over. */
void auditbook_take(void *book, uint64_t index, const struct entry *e);
/* The permitted exchange of this inquirer and id, or NULL. */
struct audit_exchange *auditbook_find(const struct audit_book *b,
    const char *inquirer, const uint8_t id[static ID_LEN]);
void auditbook_free(struct audit_book *b);

#endif
