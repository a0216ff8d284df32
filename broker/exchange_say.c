#include <stdlib.h>
#include <string.h>

#include "broker/exchange_parts.h"

void
hub_count(struct hub *h, enum outcome o)
{
	if ((unsigned)o < OUTCOME_NUMBERS)
		h->recorded[o]++;
}

enum err
hub_say(struct hub *h, uint32_t route, enum frame_kind kind, struct buf *body)
{
	if (route == 0) {
		buf_free(body);
		return ERR_OFFLINE;
	}
	return h->leaf.send(h->leaf.ctx, route, kind, body);
}

void
hub_say_error(struct hub *h, uint32_t route, const uint8_t *id, enum err error)
{
	h->erred[error]++;
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	if (id != NULL)
		memcpy(r->exchange_id, id, ID_LEN);
	strcpy(r->error, err_code(error));
	strcpy(r->hop, "broker");
	refusal_encode(r, &body);
	free(r);
	hub_say(h, route, FRAME_REFUSAL, &body);
}

void
hub_say_busy(struct hub *h, uint32_t route, const uint8_t *id, const char *what)
{
	struct busy b = {.retry_ms = BUSY_RETRY_MS};
	struct buf body = {0};
	h->counters.busy++;
	memcpy(b.exchange_id, id, ID_LEN);
	strcpy(b.what, what);
	busy_encode(&b, &body);
	hub_say(h, route, FRAME_BUSY, &body);
}

/* To the inquirer, over whatever connection it has now. */
uint32_t
exchange_route(struct hub *h, struct exchange *x)
{
	x->route = h->leaf.route(h->leaf.ctx, x->inquirer->party, x->route);
	return x->route;
}

void
exchange_notify(
    struct hub *h, struct exchange *x, uint32_t kind, struct span envelope)
{
	struct notice n = {.kind = kind,
	    .envelope = envelope,
	    .valid_until_ms = x->valid_until_ms};
	struct buf body = {0};
	memcpy(n.exchange_id, x->id, ID_LEN);
	notice_encode(&n, &body);
	hub_say(h, exchange_route(h, x), FRAME_NOTICE, &body);
}

/* To the provider: what became of its answer, or of the permit. */
void
hub_say_settled(
    struct hub *h, const char *party, uint32_t route, const struct settled *s)
{
	struct buf body = {0};
	route = h->leaf.route(h->leaf.ctx, party, route);
	settled_encode(s, &body);
	hub_say(h, route, FRAME_SETTLED, &body);
}

void
exchange_settled(const struct exchange *x, struct settled *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->exchange_id, x->id, ID_LEN);
	strcpy(out->inquirer, x->inquirer->party);
	out->outcome = x->outcome;
}

/* A proof with room for its paths; `prove` fills in the rest. */
enum err
hub_proof(struct hub *h, uint32_t route, uint64_t index, struct span body,
    const uint8_t salt[static ENTRY_SALT_LEN], struct entry_proof *p)
{
	memset(p, 0, sizeof(*p));
	p->body = body;
	memcpy(p->salt, salt, ENTRY_SALT_LEN);
	p->path = h->path;
	p->consistency = h->consistency;
	enum err e = h->leaf.prove(h->leaf.ctx, route, index, p);
	if (e != ERR_NOT_FOUND || h->found == NULL)
		return e;
	for (size_t i = 0; i < h->found->n_rows; i++) {
		const struct ledger_row *r = &h->found->rows[i];
		if (r->index == index && r->path != NULL) {
			p->path = r->path;
			p->n_path = r->n_path;
			return ERR_NONE;
		}
	}
	return e;
}
