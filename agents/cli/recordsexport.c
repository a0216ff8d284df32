#include "agents/cli/recordsexport.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/auditcopy.h"
#include "lib/csv.h"
#include "lib/file.h"

#define PAGE 1000
#define WAIT_MS 60000

/*
 * The agent gives the newest first, a page at a time; the next page begins
 * with what was asked in the last one's last millisecond, to be passed over.
 */
struct exported {
	struct buf out;
	const char *agency;
	uint64_t last_ms;
	json_t *at_last; /* "side exchange inquirer" of that millisecond */
	size_t n;
};

static void
text_put(struct exported *x, const json_t *r, const char *key)
{
	buf_add_u8(&x->out, ',');
	csv_cell(&x->out, reply_text(r, key));
}

static void
number_put(struct exported *x, const json_t *r, const char *key)
{
	const json_t *v = json_object_get(r, key);

	buf_add_u8(&x->out, ',');
	if (v != NULL)
		buf_printf(
		    &x->out, "%" PRIu64, (uint64_t)json_integer_value(v));
}

static void
data_put(struct exported *x, const json_t *r)
{
	struct buf joined = {0};
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(r, "data"), i, name)
	    buf_printf(&joined, i > 0 ? "、%s" : "%s", json_string_value(name));
	buf_add_u8(&joined, 0);
	buf_add_u8(&x->out, ',');
	csv_cell(&x->out, (const char *)joined.p);
	buf_free(&joined);
}

/* What has not ended has no outcome yet. */
static void
record_put(struct exported *x, const json_t *r)
{
	bool asked = json_integer_value(json_object_get(r, "side")) == 1;
	bool ended = json_object_get(r, "answered_ms") != NULL;

	csv_cell(&x->out, x->agency);
	buf_printf(&x->out, asked ? ",asked" : ",answered");
	text_put(x, r, "exchange");
	text_put(x, r, "inquirer");
	text_put(x, r, "provider");
	text_put(x, r, "task");
	text_put(x, r, "procedure");
	data_put(x, r);
	number_put(x, r, "asked_ms");
	text_put(x, r, ended ? "outcome" : "");
	number_put(x, r, "sequence");
	number_put(x, r, "log_index");
	buf_printf(&x->out, "\r\n");
	x->n++;
}

static bool
is_new(struct exported *x, const json_t *r)
{
	uint64_t ms =
	    (uint64_t)json_integer_value(json_object_get(r, "asked_ms"));
	struct buf key = {0};
	bool new;

	buf_printf(&key, "%d %s %s",
	    (int)json_integer_value(json_object_get(r, "side")),
	    reply_text(r, "exchange"), reply_text(r, "inquirer"));
	buf_add_u8(&key, 0);
	if (ms != x->last_ms)
		json_object_clear(x->at_last);
	x->last_ms = ms;
	new = json_object_get(x->at_last, (const char *)key.p) == NULL;
	json_object_set_new(x->at_last, (const char *)key.p, json_true());
	buf_free(&key);
	return new;
}

/* One page; *more: there may be another. */
static enum err
page_take(struct exported *x, const json_t *records, bool *more)
{
	size_t before = x->n, i;
	json_t *r;

	json_array_foreach(records, i, r) if (is_new(x, r)) record_put(x, r);
	*more = json_array_size(records) == PAGE;
	/* a page of one millisecond, all of it seen: nothing leads further */
	return *more && x->n == before ? ERR_TOO_LONG : ERR_NONE;
}

static enum err
pages_take(struct exported *x, struct client *c, json_t *body)
{
	enum err e = ERR_NONE;
	bool more = true;

	json_object_set_new(body, "most", json_integer(PAGE));
	while (e == ERR_NONE && more) {
		json_t *reply = NULL;
		const char *code;

		e = client_ask(
		    c, "records", json_deep_copy(body), -1, WAIT_MS, &reply);
		if (e != ERR_NONE)
			break;
		code = json_string_value(json_object_get(reply, "error"));
		e = code != NULL
			? err_from_code(code)
			: page_take(
			      x, json_object_get(reply, "records"), &more);
		json_decref(reply);
		json_object_set_new(body, "before_ms",
		    json_integer((json_int_t)x->last_ms + 1));
	}
	return e;
}

enum err
records_export(struct client *c, const char *agency, json_t *body,
    const char *path, size_t *n)
{
	struct exported x = {.agency = agency, .at_last = json_object()};
	enum err e;

	for (int i = 0; i < COPY_WIDTH; i++)
		buf_printf(&x.out, i > 0 ? ",%s" : "%s", copy_names[i]);
	buf_printf(&x.out, "\r\n");
	e = pages_take(&x, c, body);
	if (e == ERR_NONE)
		e = file_write(path, buf_span(&x.out), 0600);
	*n = x.n;
	json_decref(body);
	json_decref(x.at_last);
	buf_free(&x.out);
	return e;
}
