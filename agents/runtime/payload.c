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

static void
raw_add(struct buf *out, const char *text)
{
	buf_add(out, text, strlen(text));
}

/* A JSON string; the text is known to be UTF-8 without a NUL (RFC 8259, 7). */
static void
string_add(struct buf *out, const char *text)
{
	buf_add_u8(out, '"');
	while (*text != '\0') {
		size_t n = 0;

		while ((unsigned char)text[n] >= 0x20 && text[n] != '"' &&
		       text[n] != '\\')
			n++;
		buf_add(out, text, n);
		text += n;
		if (*text == '\0')
			break;
		if (*text == '"' || *text == '\\') {
			buf_add_u8(out, '\\');
			buf_add_u8(out, (uint8_t)*text++);
		} else {
			buf_printf(out, "\\u%04x", (unsigned char)*text++);
		}
	}
	buf_add_u8(out, '"');
}

static void
member_add(struct buf *out, const char *key, const char *text)
{
	raw_add(out, key);
	string_add(out, text);
}

static void
item_add(struct buf *out, const struct item *it)
{
	member_add(out, "{\"code\":", it->code);
	member_add(out, ",\"name\":", it->name);
	raw_add(out, ",\"depth\":");
	buf_add_u8(out, (uint8_t)('0' + it->depth % 10));
	if (it->content != NULL && it->content[0] != '\0')
		member_add(out, ",\"content\":", it->content);
	else
		member_add(out, ",\"empty\":", it->empty_reason);
	buf_add_u8(out, '}');
}

static void
record_add(struct buf *out, const struct record *rec)
{
	member_add(out, "{\"layout\":", rec->layout);
	raw_add(
	    out, rec->official ? ",\"official\":true" : ",\"official\":false");
	member_add(out, ",\"fiscal_year\":", rec->fiscal_year);
	buf_printf(out,
	    ",\"version\":%u,\"as_of_ms\":%llu,"
	    "\"published_until_ms\":%llu,\"items\":[",
	    rec->record_version, (unsigned long long)rec->as_of_ms,
	    (unsigned long long)rec->published_until_ms);
	for (size_t i = 0; i < rec->n_items; i++) {
		if (i > 0)
			buf_add_u8(out, ',');
		item_add(out, &rec->items[i]);
	}
	raw_add(out, "]}");
}

static void
part_add(struct buf *out, const struct payload_part *part)
{
	member_add(out, "{\"data\":", part->data);
	member_add(
	    out, ",\"outcome\":", outcome_code((enum outcome)part->outcome));
	raw_add(out, ",\"records\":[");
	for (size_t i = 0; i < part->n_records; i++) {
		if (i > 0)
			buf_add_u8(out, ',');
		record_add(out, &part->records[i]);
	}
	raw_add(out, "]}");
}

void
payload_text(const struct payload *p, struct buf *out)
{
	buf_add_u8(out, '[');
	for (size_t i = 0; i < p->n_parts; i++) {
		if (i > 0)
			buf_add_u8(out, ',');
		part_add(out, &p->parts[i]);
	}
	buf_add_u8(out, ']');
}
