/* Operations that act here: decide, acquire a code, say how things are. */
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/acquire.h"
#include "agents/runtime/api_ops.h"
#include "agents/runtime/ask.h"
#include "agents/runtime/provide.h"
#include "lib/text.h"

/* Who waits for a decision to be carried out. */
struct decision {
	struct host *host;
	uint64_t client, tag;
	bool release;
};

static void
decide_done(void *ctx, enum err e)
{
	struct decision *d = ctx;

	if (e != ERR_NONE)
		api_fail(d->host, d->client, d->tag, e, "exchange");
	else
		api_reply(d->host, d->client, d->tag,
		    json_pack(
			"{s:s}", "done", d->release ? "answered" : "withheld"));
	free(d);
}

enum err
op_decide(const struct api_request *r, const char **about)
{
	enum err e = ERR_NONE;
	uint8_t id[ID_LEN];
	const char *reason = api_text(r, "reason", 63, &e);
	bool release = api_bool(r, "release"), given;
	struct decision *d;

	*about = "reason";
	if (e != ERR_NONE || (!release && *reason == '\0'))
		return e != ERR_NONE ? e : ERR_USAGE;
	*about = "exchange";
	e = api_exchange(r, id, &given);
	if (e != ERR_NONE || !given)
		return e != ERR_NONE ? e : ERR_USAGE;
	d = xcalloc(1, sizeof(*d));
	*d = (struct decision){r->host, r->client, r->tag, release};
	provide_decide(r->agency, id, release, reason, decide_done, d);
	return ERR_NONE;
}

static bool
twelve_ascii_digits(const char *s)
{
	return strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

enum err
op_acquire(const struct api_request *r, const char **about)
{
	enum err e = ERR_NONE;
	const char *person = api_text(r, "person", LOCAL_ID_MAX, &e);
	/* the one field that may hold a My Number; never checked for one */
	const char *number =
	    json_string_value(json_object_get(r->body, "my_number"));

	*about = "person";
	if (e != ERR_NONE || *person == '\0')
		return e != ERR_NONE ? e : ERR_USAGE;
	*about = "my_number";
	if (number == NULL || !twelve_ascii_digits(number))
		return ERR_USAGE;
	acquire_begin(r->agency, person, number, r->client, r->tag);
	return ERR_NONE;
}

static json_t *
agency_json(const struct agency *a)
{
	static const char *const states[] = {"down", "greeting", "up"};

	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I, s:I, s:I}",
	    "agency", a->code, "name", a->party->name, "broker",
	    states[a->state], "registrar",
	    a->registrar != NULL ? states[a->registrar_state] : "none",
	    "in_flight", (json_int_t)a->in_flight, "queued",
	    (json_int_t)a->queued, "asked",
	    (json_int_t)a->counters[COUNT_ASKED], "answers",
	    (json_int_t)a->counters[COUNT_ANSWERS], "refusals",
	    (json_int_t)a->counters[COUNT_REFUSALS], "permits",
	    (json_int_t)a->counters[COUNT_PERMITS], "provisions",
	    (json_int_t)a->counters[COUNT_PROVISIONS], "codes",
	    (json_int_t)a->counters[COUNT_CODES], "bad_frames",
	    (json_int_t)a->counters[COUNT_BAD_FRAMES], "busy",
	    (json_int_t)a->counters[COUNT_BUSY], "certificate_until_ms",
	    (json_int_t)a->party->not_after_ms);
}

enum err
op_status(const struct api_request *r, const char **about)
{
	struct host *h = r->host;
	json_t *agencies = json_array();

	for (size_t i = 0; i < h->n_agencies; i++)
		json_array_append_new(agencies, agency_json(h->agency[i]));
	api_reply(h, r->client, r->tag,
	    json_pack("{s:s, s:I, s:b, s:I, s:I, s:o}", "log", h->held.key.name,
		"log_size", (json_int_t)h->held.newest.size, "log_forked",
		(int)h->held.forked, "policy_version",
		(json_int_t)policy_version(law_newest(&h->law)),
		"directory_version",
		(json_int_t)directory_version(h->directory), "agencies",
		agencies));
	return ERR_NONE;
}
