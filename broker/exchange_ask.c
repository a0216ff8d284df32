#include <stdlib.h>
#include <string.h>

#include "broker/exchange_parts.h"
#include "lib/clock.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

int
month_of_id(const uint8_t id[static ID_LEN])
{
	return day_month(day_of_ms(uuid_ms(id)));
}

/* A job about this exchange. */
struct ledger_job *
exchange_job(enum ledger_op op, const struct exchange *x, size_t n_rows)
{
	struct ledger_job *job = n_rows == 0
				     ? ledger_job_new(op, x->ticket)
				     : ledger_job_rows(op, x->ticket, n_rows);
	strcpy(job->live.inquirer, x->inquirer->party);
	strcpy(job->live.provider, x->provider->party);
	memcpy(job->live.exchange_id, x->id, ID_LEN);
	memcpy(job->live.inquiry_hash, x->inquiry_hash, HASH_LEN);
	job->live.month = month_of_id(x->id);
	job->live.answer_by_ms = x->answer_by_ms;
	job->live.valid_until_ms = x->valid_until_ms;
	return job;
}

/* Hand a job over; if there are too many, try again when it is due. */
enum turn
exchange_ask_ledger(struct hub *h, struct exchange *x, struct ledger_job *job)
{
	if (h->leaf.ledger(h->leaf.ctx, job)) {
		x->busy = true;
		return TURN_WAIT;
	}
	ledger_job_free(job);
	docket_due(h->docket, x, hub_now(h) + STAGGER_MS);
	return TURN_WAIT;
}

enum turn
exchange_find(struct hub *h, struct exchange *x)
{
	h->counters.loads++;
	return exchange_ask_ledger(h, x, exchange_job(LEDGER_FIND, x, 0));
}

void
exchange_ask_vault(struct hub *h, struct exchange *x, struct vault_request *q)
{
	q->ticket = x->ticket;

	x->busy = true;
	h->leaf.vault(h->leaf.ctx, q);
}

/* The permit as the vault made it, shown to it again. */
void
papers_show(const struct papers *p, struct vault_request *q)
{
	q->inquiry = buf_span(&p->inquiry);
	q->permit_body = buf_span(&p->permit_body);
	memcpy(q->permit_salt, p->permit_salt, sizeof(q->permit_salt));
	memcpy(q->permit_endorsement, p->permit_endorsement,
	    sizeof(q->permit_endorsement));
}

/* ---- papers from the log --------------------------------------------------
 */

void
buf_move(struct buf *to, struct buf *from)
{
	buf_free(to);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

/* Take up a permit's row: committed, or found again. */
enum err
papers_permit(struct hub *h, struct exchange *x, struct ledger_row *r)
{
	struct papers *p = docket_papers(h->docket, x);
	arena_reset(&h->arena);
	enum err e = entry_decode(buf_span(&r->body), &h->arena, &h->entry);
	if (e != ERR_NONE)
		return e;
	x->recorded = true;
	x->permit_index = r->index;
	x->answer_by_ms = h->entry.answer_by_ms;
	x->valid_until_ms = h->entry.valid_until_ms;
	memcpy(x->inquiry_hash, h->entry.inquiry_hash, HASH_LEN);
	entry_leaf_hash(r->leaf, x->permit_leaf);
	memcpy(p->permit_salt, r->salt, sizeof(p->permit_salt));
	memcpy(p->permit_endorsement, r->endorsement,
	    sizeof(p->permit_endorsement));

	buf_move(&p->permit_body, &r->body);
	buf_move(&p->person, &r->person);
	buf_move(&p->inquiry, &r->aux);
	docket_weigh(h->docket, x);
	return ERR_NONE;
}

/* Take up the row of an outcome, lapse or refusal. */
enum err
papers_outcome(struct hub *h, struct exchange *x, struct ledger_row *r)
{
	struct papers *p = docket_papers(h->docket, x);
	arena_reset(&h->arena);
	enum err e = entry_decode(buf_span(&r->body), &h->arena, &h->entry);
	if (e != ERR_NONE)
		return e;
	x->settled = r->type != ENTRY_REFUSAL;
	x->refused = r->type == ENTRY_REFUSAL;
	x->outcome_index = r->index;
	x->outcome = (enum outcome)h->entry.outcome;
	x->answered_ms = h->entry.time_ms;
	if (x->refused) /* an outcome does not repeat it */
		memcpy(x->inquiry_hash, h->entry.inquiry_hash, HASH_LEN);
	memcpy(x->provision_hash, h->entry.provision_hash, HASH_LEN);
	memcpy(x->ciphertext_hash, h->entry.ciphertext_hash, HASH_LEN);
	memcpy(p->outcome_salt, r->salt, sizeof(p->outcome_salt));
	buf_move(&p->outcome_body, &r->body);
	if (x->settled)
		buf_move(&p->provision, &r->aux);
	docket_weigh(h->docket, x);
	return ERR_NONE;
}

/* All that a LEDGER_FIND brought; x->settled and so on tell what there was. */
enum err
papers_take(struct hub *h, struct exchange *x, struct ledger_job *job)
{
	uint8_t asked[HASH_LEN];
	memcpy(asked, x->inquiry_hash, HASH_LEN);
	for (size_t i = 0; i < job->n_rows; i++) {
		struct ledger_row *r = &job->rows[i];
		enum err e = r->type == ENTRY_PERMIT ? papers_permit(h, x, r)
						     : papers_outcome(h, x, r);
		if (e != ERR_NONE)
			return e;
		if (r->type != ENTRY_PERMIT && r->type != ENTRY_REFUSAL)
			continue; /* does not repeat the inquiry's hash */
		if (memcmp(x->inquiry_hash, asked, HASH_LEN) != 0)
			return ERR_OTHER_BODY;
	}
	memcpy(x->inquiry_hash, asked, HASH_LEN);
	return ERR_NONE;
}

/* The vault's entry as a row to append. */
void
exchange_row(const struct vault_reply *v, const struct exchange *x,
    const uint8_t entry_id[static ID_LEN], struct ledger_row *r)
{
	r->type = v->entry_type;
	r->has_exchange = true;
	memcpy(r->exchange_id, x->id, ID_LEN);
	memcpy(r->entry_id, entry_id, ID_LEN);
	r->month = month_of_id(x->id);
	strcpy(r->inquirer, x->inquirer->party);
	strcpy(r->provider, x->provider->party);
	memcpy(r->leaf, v->leaf, sizeof(r->leaf));
	memcpy(r->salt, v->salt, sizeof(r->salt));
	memcpy(r->endorsement, v->endorsement, sizeof(r->endorsement));
	buf_add(&r->body, v->body.p, v->body.n);
	if (v->has_record)
		buf_add(&r->record, v->record.data.p, v->record.data.n);
	if (v->has_person)
		buf_add(&r->person, v->person.data.p, v->person.data.n);
}
