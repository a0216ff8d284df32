/* What an answer holds: built from replica records, shown as JSON. */
#ifndef AGENTS_RUNTIME_PAYLOAD_H
#define AGENTS_RUNTIME_PAYLOAD_H

#include "agents/runtime/layout.h"
#include "lib/messages.h"
#include "lib/outcome.h"

/* One replica record (副本) as the store gave it. */
struct replica {
	char data[NAME_MAX_ + 1];
	char fiscal_year[16];
	uint32_t version;
	uint64_t as_of_ms, published_until_ms; /* 0: no end */
	bool no_auto_answer, non_disclosure;
	struct buf body; /* the encoded Record */
};

/* What was asked of the provider. */
struct payload_question {
	const uint8_t *exchange_id;
	const struct entry *permit;
	uint64_t as_of_min_ms; /* freshness demanded; 0 none */
	uint64_t now_ms;
};

/* Whether one of the records that would be released needs an official. */
bool payload_needs_official(
    const struct payload_question *q, const struct replica *r, size_t n);
/* Whether one of them is flagged not to be shown to the person (不開示). */
bool payload_hides(
    const struct payload_question *q, const struct replica *r, size_t n);
/*
 * Append the encoded Payload: for each data name asked the records of the
 * years asked (the newest year where none was), their newest version, if they
 * are published and fresh. ERR_TWELVE_DIGITS if an item that the layout does
 * not except holds a run of twelve digits: nothing may be released then.
 */
enum err payload_build(const struct payload_question *q,
    const struct replica *r, size_t n, const struct layout *l, struct arena *a,
    struct buf *out);

/*
 * Append the parts as a JSON array, for the business side. Written as text at
 * once: a tree of objects for a hundred items costs more than the rest of an
 * answer.
 */
void payload_text(const struct payload *p, struct buf *out);

#endif
