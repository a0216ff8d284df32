#include "agents/witness/http.h"

#include "lib/clock.h"
#include "lib/oplog.h"
#include "lib/text.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <signal.h>
#include <string.h>

#define TIMEOUT_S 10
#define HEADERS_MAX 8192

static void
reply(struct evhttp_request *r, struct witness_answer *a)
{
	struct evbuffer *b = evbuffer_new();

	evhttp_add_header(
	    evhttp_request_get_output_headers(r), "Content-Type", a->type);
	if (b != NULL)
		evbuffer_add(b, a->body.p, a->body.n);
	evhttp_send_reply(r, a->status, NULL, b);
	if (b != NULL)
		evbuffer_free(b);
	buf_free(&a->body);
}

static void
on_add(struct evhttp_request *r, struct witness *w)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	size_t n = evbuffer_get_length(in);
	struct witness_answer a = {0};

	witness_add(w, span_of(n > 0 ? evbuffer_pullup(in, -1) : NULL, n),
	    clock_ms() / 1000, &a);
	oplog(a.status == 200 ? OPLOG_INFO : OPLOG_WARN, "add-checkpoint",
	    LOG_NUMBER("status", a.status));
	reply(r, &a);
}

static void
on_request(struct evhttp_request *r, void *ctx)
{
	const char *path =
	    evhttp_uri_get_path(evhttp_request_get_evhttp_uri(r));
	bool post = evhttp_request_get_command(r) == EVHTTP_REQ_POST;
	struct witness_answer a = {0};

	if (path == NULL)
		path = "";
	if (post && strcmp(path, "/add-checkpoint") == 0) {
		on_add(r, ctx);
		return;
	}
	witness_get(ctx, post ? "" : path, &a);
	reply(r, &a);
}

static void
on_signal(evutil_socket_t signo, short what, void *base)
{
	event_base_loopbreak(base);
}

/* HOST:PORT, as the configuration's parser allowed it. */
static bool
listen_on(struct evhttp *http, const char *address)
{
	const char *colon = strrchr(address, ':');
	char host[256];
	uint64_t port;

	if (colon == NULL || (size_t)(colon - address) >= sizeof(host) ||
	    text_to_u64(colon + 1, 65535, &port) != ERR_NONE)
		return false;
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = 0;
	return evhttp_bind_socket(http, host, (uint16_t)port) == 0;
}

enum err
http_serve(struct witness *w, const char *address, void (*ready)(void))
{
	struct event_base *base = event_base_new();
	struct evhttp *http = base != NULL ? evhttp_new(base) : NULL;
	struct event *term = NULL, *interrupt = NULL;
	enum err e = ERR_SYSTEM;

	if (http == NULL)
		goto out;
	signal(SIGPIPE, SIG_IGN);
	term = evsignal_new(base, SIGTERM, on_signal, base);
	interrupt = evsignal_new(base, SIGINT, on_signal, base);
	evsignal_add(term, NULL);
	evsignal_add(interrupt, NULL);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(http, HEADERS_MAX);
	evhttp_set_max_body_size(http, ADDCHECKPOINT_MAX);
	evhttp_set_timeout(http, TIMEOUT_S);
	evhttp_set_gencb(http, on_request, w);
	if (!listen_on(http, address))
		goto out;
	ready();
	event_base_dispatch(base);
	e = ERR_NONE;
out:
	if (term != NULL)
		event_free(term);
	if (interrupt != NULL)
		event_free(interrupt);
	if (http != NULL)
		evhttp_free(http);
	if (base != NULL)
		event_base_free(base);
	return e;
}
