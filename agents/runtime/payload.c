#include "agents/runtime/payload.h"

#include <string.h>

#include "lib/text.h"

/* Years are compared by their four digits: "2025", or the day 2025-04-01. */
static bool
year_asked(const struct entry *permit, const char *year)
{
	if (permit->period_from[0] != '\0' &&
	    strncmp(year, permit->period_from, 4) < 0)
		return false;
	return permit->period_until[0] == '\0' ||
	       strncmp(year, permit->period_until, 4) <= 0;
}

static bool
period_given(const struct entry *permit)
{
	return permit->period_from[0] != '\0' ||
	       permit->period_until[0] != '\0';
}

/* A newer version of the same year, or a newer year where one is enough. */
static bool
superseded(const struct payload_question *q, const struct replica *r, size_t n,
    size_t at)
{
	for (size_t i = 0; i < n; i++) {
		int year = strcmp(r[i].fiscal_year, r[at].fiscal_year);

		if (i == at || strcmp(r[i].data, r[at].data) != 0)
			continue;
		if (year == 0 && r[i].version > r[at].version)
			return true;
		if (year > 0 && !period_given(q->permit))
			return true;
	}
	return false;
}

/* Whether the record is one the question is about, fresh or not. */
static bool
relevant(const struct payload_question *q, const struct replica *r, size_t n,
    size_t at)
{
	if (r[at].published_until_ms != 0 &&
	    r[at].published_until_ms < q->now_ms)
		return false;
	return year_asked(q->permit, r[at].fiscal_year) &&
	       !superseded(q, r, n, at);
}

bool
payload_needs_official(
    const struct payload_question *q, const struct replica *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].no_auto_answer && relevant(q, r, n, i))
			return true;
	return false;
}

bool
payload_hides(
    const struct payload_question *q, const struct replica *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].non_disclosure && relevant(q, r, n, i))
			return true;
	return false;
}

/* Promise 3: no My Number leaves in an answer. */
static enum err
record_scan(const struct record *rec, const struct layout *l)
{
	for (size_t i = 0; i < rec->n_items; i++) {
		const struct item *it = &rec->items[i];
		const struct layout_item *li = layout_find(l, it->code);

		if (it->content == NULL || (li != NULL && li->twelve))
			continue;
		if (text_has_twelve_digits(span_str(it->content)))
			return ERR_TWELVE_DIGITS;
	}
	return ERR_NONE;
}

static enum err
part_build(const struct payload_question *q, const struct replica *r, size_t n,
    const struct layout *l, struct arena *a, struct payload_part *part)
{
	bool old = false;

	part->records = arena_alloc(a, (n + 1) * sizeof(*part->records));
	if (part->records == NULL)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < n; i++) {
		struct record *rec = &part->records[part->n_records];
		enum err e;

		if (strcmp(r[i].data, part->data) != 0 || !relevant(q, r, n, i))
			continue;
		if (r[i].as_of_ms < q->as_of_min_ms) {
			old = true;
			continue;
		}
		e = record_decode(buf_span(&r[i].body), a, rec);
		if (e == ERR_NONE)
			e = record_scan(rec, l);
		if (e != ERR_NONE)
			return e;
		part->n_records++;
	}
	part->outcome = part->n_records > 0 ? OUTCOME_DATA
			: old		    ? OUTCOME_NOT_FRESH
					    : OUTCOME_NO_RECORD;
	return ERR_NONE;
}

enum err
payload_build(const struct payload_question *q, const struct replica *r,
    size_t n, const struct layout *l, struct arena *a, struct buf *out)
{
	struct payload p = {.version = 1, .n_parts = q->permit->n_data};

	memcpy(p.exchange_id, q->exchange_id, ID_LEN);
	p.parts = arena_alloc(a, (p.n_parts + 1) * sizeof(*p.parts));
	if (p.parts == NULL)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < p.n_parts; i++) {
		enum err e;

		text_copy(p.parts[i].data, sizeof(p.parts[i].data),
		    q->permit->data[i]);
		e = part_build(q, r, n, l, a, &p.parts[i]);
		if (e != ERR_NONE)
			return e;
	}
	payload_encode(&p, out);
	return ERR_NONE;
}

static json_t *
item_json(const struct item *it)
{
	json_t *o = json_pack("{s:s, s:s, s:i}", "code", it->code, "name",
	    it->name, "depth", (int)it->depth);

	if (it->content != NULL && it->content[0] != '\0')
		json_object_set_new(o, "content", json_string(it->content));
	else
		json_object_set_new(o, "empty", json_string(it->empty_reason));
	return o;
}

static json_t *
record_json(const struct record *rec)
{
	json_t *items = json_array();

	for (size_t i = 0; i < rec->n_items; i++)
		json_array_append_new(items, item_json(&rec->items[i]));
	return json_pack("{s:s, s:b, s:s, s:i, s:I, s:I, s:o}", "layout",
	    rec->layout, "official", (int)rec->official, "fiscal_year",
	    rec->fiscal_year, "version", (int)rec->record_version, "as_of_ms",
	    (json_int_t)rec->as_of_ms, "published_until_ms",
	    (json_int_t)rec->published_until_ms, "items", items);
}

json_t *
payload_json(const struct payload *p)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < p->n_parts; i++) {
		const struct payload_part *part = &p->parts[i];
		json_t *records = json_array();

		for (size_t k = 0; k < part->n_records; k++)
			json_array_append_new(
			    records, record_json(&part->records[k]));
		json_array_append_new(parts,
		    json_pack("{s:s, s:s, s:o}", "data", part->data, "outcome",
			outcome_code((enum outcome)part->outcome), "records",
			records));
	}
	return parts;
}
