#include "agents/runtime/api.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agents/runtime/api_ops.h"
#include "lib/oplog.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define STAFF_MAX 32
#define OUT_MAX (8U * 1024 * 1024) /* unread replies before we hang up */

struct client {
	uint64_t id;
	int fd;
	int file; /* sent along with the line being read, -1 none */
	struct buf in, out;
};

struct api {
	int fd;
	uint64_t next_id;
	char path[108];
	uid_t staff[STAFF_MAX];
	size_t n_staff;
	struct client client[API_CLIENTS_MAX];
	size_t n;
};

/* What passed through JSON may have been a My Number: leave nothing. */
static void
wiping_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* --- the socket
 * ------------------------------------------------------------------- */

static enum err
staff_parse(struct api *api, const char *text)
{
	char word[16];

	api->staff[api->n_staff++] = geteuid();
	api->staff[api->n_staff++] = 0;
	while (*(text += strspn(text, " ,")) != '\0') {
		size_t n = strcspn(text, " ,");
		uint64_t uid;

		if (n >= sizeof(word) || api->n_staff == STAFF_MAX)
			return ERR_CONFIG;
		memcpy(word, text, n);
		word[n] = '\0';
		if (text_to_u64(word, UINT32_MAX - 1, &uid) != ERR_NONE)
			return ERR_CONFIG;
		api->staff[api->n_staff++] = (uid_t)uid;
		text += n;
	}
	return ERR_NONE;
}

/* Whether somebody listens there already. */
static bool
socket_alive(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)sun,
				    sizeof(*sun)) == 0;

	if (fd >= 0)
		close(fd);
	return alive;
}

static enum err
socket_bind(struct api *api, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	mode_t mask;
	int bound;

	if (strlen(path) >= sizeof(sun.sun_path))
		return ERR_TOO_LONG;
	text_copy(sun.sun_path, sizeof(sun.sun_path), path);
	text_copy(api->path, sizeof(api->path), path);
	if (socket_alive(&sun))
		return ERR_DUPLICATE;
	unlink(path);
	api->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (api->fd < 0)
		return ERR_SYSTEM;
	mask = umask(0117);
	bound = bind(api->fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	return bound == 0 && listen(api->fd, 16) == 0 ? ERR_NONE : ERR_SYSTEM;
}

enum err
api_open(struct host *h)
{
	struct api *api = xcalloc(1, sizeof(*api));
	enum err e;

	json_set_alloc_funcs(malloc, wiping_free);
	h->api = api;
	api->fd = -1;
	api->next_id = 1;
	e = staff_parse(api, config_text(h->conf, "host", 0, "staff"));
	if (e == ERR_NONE)
		e = socket_bind(api, config_text(h->conf, "host", 0, "socket"));
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "start-failed", LOG_TEXT("at", "socket"),
		    LOG_ERR(e));
	return e;
}

static void
client_close(struct api *api, size_t i)
{
	struct client *c = &api->client[i];

	close(c->fd);
	if (c->file >= 0)
		close(c->file);
	buf_wipe_free(&c->in);
	buf_wipe_free(&c->out);
	*c = api->client[--api->n];
}

void
api_close(struct host *h)
{
	struct api *api = h->api;

	if (api == NULL)
		return;
	while (api->n > 0)
		client_close(api, api->n - 1);
	if (api->fd >= 0) {
		close(api->fd);
		unlink(api->path);
	}
	free(api);
	h->api = NULL;
}

size_t
api_descriptors(const struct host *h, struct zpoll *items)
{
	const struct api *api = h->api;

	if (items == NULL)
		return 1 + API_CLIENTS_MAX;
	items[0] = (struct zpoll){.fd = api->fd};
	for (size_t i = 0; i < api->n; i++)
		items[1 + i] = (struct zpoll){.fd = api->client[i].fd};
	return 1 + api->n;
}

static bool
peer_is_staff(const struct api *api, int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
		return false;
	for (size_t i = 0; i < api->n_staff; i++)
		if (api->staff[i] == who.uid)
			return true;
	oplog(OPLOG_WARN, "api-stranger", LOG_NUMBER("uid", who.uid));
	return false;
}

static void
clients_accept(struct api *api)
{
	int fd;

	while (api->n < API_CLIENTS_MAX &&
	       (fd = accept4(
		    api->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (!peer_is_staff(api, fd)) {
			close(fd);
			continue;
		}
		api->client[api->n++] =
		    (struct client){.id = api->next_id++, .fd = fd, .file = -1};
	}
}

/* --- replies
 * ------------------------------------------------------------------------ */

static struct client *
client_find(struct api *api, uint64_t id)
{
	for (size_t i = 0; i < api->n; i++)
		if (api->client[i].id == id)
			return &api->client[i];
	return NULL;
}

/* What does not fit now is written in a later turn. */
static bool
client_write(struct client *c)
{
	ssize_t n;

	while (c->out.n > 0) {
		n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		memmove(c->out.p, c->out.p + n, c->out.n - (size_t)n);
		c->out.n -= (size_t)n;
	}
	return true;
}

static int
text_take(const char *p, size_t n, void *out)
{
	buf_add(out, p, n);
	return 0;
}

void
api_reply(struct host *h, uint64_t client, uint64_t tag, json_t *reply)
{
	struct client *c = client != 0 ? client_find(h->api, client) : NULL;

	if (c != NULL && c->out.n < OUT_MAX) {
		json_object_set_new(
		    reply, "tag", json_integer((json_int_t)tag));
		json_dump_callback(reply, text_take, &c->out, JSON_COMPACT);
		buf_add_u8(&c->out, '\n');
	}
	json_decref(reply);
}

void
api_reply_with(struct host *h, uint64_t client, uint64_t tag, json_t *reply,
    const char *key, struct buf *text)
{
	struct client *c = client != 0 ? client_find(h->api, client) : NULL;

	api_reply(h, client, tag, reply);
	if (c != NULL && c->out.n >= 2 && text->n > 0) {
		c->out.n -= 2; /* its "}\n" */
		buf_printf(&c->out, ",\"%s\":", key);
		buf_add(&c->out, text->p, text->n);
		buf_add(&c->out, "}\n", 2);
	}
	buf_wipe_free(text);
}

void
api_fail(struct host *h, uint64_t client, uint64_t tag, enum err e,
    const char *about)
{
	json_t *reply = json_pack("{s:s, s:s, s:s}", "error", err_code(e),
	    "text", err_sentence(e), "text_ja", err_sentence_ja(e));

	if (about != NULL)
		json_object_set_new(reply, "about", json_string(about));
	api_reply(h, client, tag, reply);
}

/* --- requests
 * ------------------------------------------------------------------------- */

const char *
api_text(
    const struct api_request *r, const char *key, size_t limit, enum err *e)
{
	json_t *v = json_object_get(r->body, key);
	enum err bad;

	if (v == NULL)
		return "";
	if (!json_is_string(v)) {
		*e = ERR_USAGE;
		return "";
	}
	bad = text_check(
	    span_of(json_string_value(v), json_string_length(v)), limit);
	if (bad != ERR_NONE) {
		*e = bad;
		return "";
	}
	return json_string_value(v);
}

enum err
api_exchange(
    const struct api_request *r, uint8_t id[static ID_LEN], bool *given)
{
	json_t *v = json_object_get(r->body, "exchange");
	enum err e;

	*given = v != NULL;
	if (v == NULL)
		return ERR_NONE;
	if (!json_is_string(v))
		return ERR_USAGE;
	e = uuid_parse(json_string_value(v), id);
	return e == ERR_NONE && !uuid_is_v7(id) ? ERR_MALFORMED : e;
}

bool
api_bool(const struct api_request *r, const char *key)
{
	return json_is_true(json_object_get(r->body, key));
}

uint64_t
api_number(const struct api_request *r, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(r->body, key));

	return v > 0 ? (uint64_t)v : 0;
}

static enum err
request_run(struct api_request *r, const char **about)
{
	const char *name = json_string_value(json_object_get(r->body, "op"));
	const char *code =
	    json_string_value(json_object_get(r->body, "agency"));
	const struct api_op *op = name != NULL ? api_op_find(name) : NULL;

	*about = "op";
	if (op == NULL)
		return ERR_USAGE;
	if (op->agency) {
		*about = "agency";
		r->agency = code != NULL ? host_agency(r->host, code) : NULL;
		if (r->agency == NULL)
			return ERR_NOT_FOUND;
	}
	*about = NULL;
	return op->run(r, about);
}

static void
line_handle(struct host *h, struct client *c, struct span line)
{
	struct api_request r = {.host = h, .client = c->id, .fd = c->file};
	const char *about = NULL;
	enum err e = ERR_MALFORMED;

	c->file = -1;
	r.body = json_loadb(
	    (const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(r.body)) {
		r.tag = api_number(&r, "tag");
		e = request_run(&r, &about);
	}
	if (e != ERR_NONE) {
		if (r.fd >= 0)
			close(r.fd);
		api_fail(h, r.client, r.tag, e, about);
	}
	json_decref(r.body);
}

/* Carry out every whole line; false to hang up. */
static bool
lines_handle(struct host *h, struct client *c)
{
	size_t at = 0;
	uint8_t *end;

	while ((end = memchr(c->in.p + at, '\n', c->in.n - at)) != NULL) {
		size_t n = (size_t)(end - (c->in.p + at));

		if (n > API_LINE_MAX)
			return false;
		line_handle(h, c, span_of(c->in.p + at, n));
		at += n + 1;
	}
	memmove(c->in.p, c->in.p + at, c->in.n - at);
	explicit_bzero(c->in.p + c->in.n - at, at);
	c->in.n -= at;
	return c->in.n <= API_LINE_MAX;
}

/* A descriptor rides with the line it belongs to. */
static void
file_take(struct client *c, struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd;

	if (h == NULL || h->cmsg_level != SOL_SOCKET ||
	    h->cmsg_type != SCM_RIGHTS || h->cmsg_len != CMSG_LEN(sizeof(fd)))
		return;
	memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	if (c->file >= 0)
		close(c->file);
	c->file = fd;
}

/* False when the client is gone or misbehaves. */
static bool
client_read(struct host *h, struct client *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	uint8_t chunk[16384];
	struct iovec iov = {chunk, sizeof(chunk)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	bool ok;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	file_take(c, &m);
	buf_add(&c->in, chunk, (size_t)n);
	ok = lines_handle(h, c);
	explicit_bzero(chunk, (size_t)n);
	return ok;
}

void
api_turn(struct host *h)
{
	struct api *api = h->api;

	clients_accept(api);
	for (size_t i = 0; i < api->n;) {
		struct client *c = &api->client[i];

		/* stop reading from those who do not read */
		if ((c->out.n < OUT_MAX && !client_read(h, c)) ||
		    !client_write(c))
			client_close(api, i);
		else
			i++;
	}
}
