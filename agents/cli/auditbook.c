#include "agents/cli/auditbook.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/idmap.h"
#include "lib/entry.h"
#include "lib/sha256.h"

/* Texts repeat: each is kept once, found by the first half of its hash. */
struct audit_index {
	struct idmap texts, permits;
};

static void
key_of(struct span bytes, uint8_t key[static IDMAP_KEY])
{
	uint8_t hash[HASH_LEN];

	sha256(bytes, hash);
	memcpy(key, hash, IDMAP_KEY);
}

static const char *
text_keep(struct audit_book *b, const char *text)
{
	uint8_t key[IDMAP_KEY];
	char *kept;

	key_of(span_str(text), key);
	kept = idmap_find(&b->index->texts, key);
	if (kept == NULL) {
		kept = xstrdup(text);
		idmap_add(&b->index->texts, key, kept);
	}
	return kept;
}

static const char *
data_keep(struct audit_book *b, const struct entry *e)
{
	struct buf joined = {0};
	const char *kept;

	for (size_t i = 0; i < e->n_data; i++)
		buf_printf(&joined, i > 0 ? "、%s" : "%s", e->data[i]);
	buf_add_u8(&joined, 0);
	kept = text_keep(b, (const char *)joined.p);
	buf_free(&joined);
	return kept;
}

static void
permit_key(const char *inquirer, const uint8_t id[static ID_LEN],
    uint8_t key[static IDMAP_KEY])
{
	struct buf b = {0};

	buf_add_lp(&b, inquirer);
	buf_add(&b, id, ID_LEN);
	key_of(buf_span(&b), key);
	buf_free(&b);
}

struct audit_exchange *
auditbook_find(const struct audit_book *b, const char *inquirer,
    const uint8_t id[static ID_LEN])
{
	uint8_t key[IDMAP_KEY];

	if (b->index == NULL)
		return NULL;
	permit_key(inquirer, id, key);
	return idmap_find(&b->index->permits, key);
}

static void
exchange_add(struct audit_book *b, uint64_t index, const struct entry *e)
{
	struct audit_exchange *x = xcalloc(1, sizeof(*x) + HASH_LEN);
	uint8_t key[IDMAP_KEY];

	if ((b->n & (b->n - 1)) == 0)
		b->exchange =
		    xrealloc(b->exchange, (b->n == 0 ? 1 : b->n * 2) *
					      sizeof(struct audit_exchange *));
	b->exchange[b->n++] = x;
	memcpy(x->id, e->exchange_id, ID_LEN);
	memcpy(x + 1, e->case_tag, HASH_LEN);
	x->case_tag = (const uint8_t *)(x + 1);
	x->inquirer = text_keep(b, e->inquirer);
	x->inquirer_for = text_keep(b, e->inquirer_for);
	x->provider = text_keep(b, e->provider);
	x->unit = text_keep(b, e->unit);
	x->task = text_keep(b, e->task);
	x->procedure = text_keep(b, e->procedure);
	x->rule = text_keep(b, e->rule);
	x->data = data_keep(b, e);
	x->index = index;
	x->admitted_ms = e->time_ms;
	x->asked_ms = e->asked_ms;
	x->sequence = e->sequence;
	x->permitted = e->type == ENTRY_PERMIT;
	x->outcome =
	    x->permitted ? OUTCOME_PERMITTED : (enum outcome)e->outcome;
	permit_key(e->inquirer, e->exchange_id, key);
	if (x->permitted && idmap_find(&b->index->permits, key) == NULL)
		idmap_add(&b->index->permits, key, x);
}

static void
exchange_end(struct audit_book *b, const struct entry *e)
{
	struct audit_exchange *x =
	    auditbook_find(b, e->inquirer, e->exchange_id);

	if (x == NULL)
		return;
	if (e->type == ENTRY_UNCOLLECTED) {
		x->uncollected = true;
		return;
	}
	x->outcome = (enum outcome)e->outcome;
	x->ended_ms = e->time_ms;
	x->answer_sequence = e->sequence;
}

void
auditbook_take(void *book, uint64_t index, const struct entry *e)
{
	struct audit_book *b = book;

	if (b->index == NULL)
		b->index = xcalloc(1, sizeof(*b->index));
	if (e->type == ENTRY_PERMIT || e->type == ENTRY_REFUSAL)
		exchange_add(b, index, e);
	else if (e->type == ENTRY_OUTCOME || e->type == ENTRY_LAPSE ||
		 e->type == ENTRY_UNCOLLECTED)
		exchange_end(b, e);
}

void
auditbook_free(struct audit_book *b)
{
	size_t at = 0;
	char *text;

	for (size_t i = 0; i < b->n; i++)
		free(b->exchange[i]);
	free(b->exchange);
	if (b->index != NULL) {
		while ((text = idmap_next(&b->index->texts, &at)) != NULL)
			free(text);
		idmap_free(&b->index->texts);
		idmap_free(&b->index->permits);
		free(b->index);
	}
	*b = (struct audit_book){0};
}
