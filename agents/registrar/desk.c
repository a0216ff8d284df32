#include "agents/registrar/desk_parts.h"

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/oplog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- opening: one thing after the other, the first fault ends it --- */

/* Called in the ZAP thread; the directory is read-only. */
static bool
who(void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party)
{
	const struct desk *d = arg;
	const struct party *p = directory_find_curve(d->directory, key);

	if (p == NULL || party_check(p, clock_ms()) != ERR_NONE)
		return false;
	snprintf(party, PARTY_MAX + 1, "%s", p->code);
	return true;
}

static enum err
directory_read(
    struct desk *d, const struct registrar_options *o, struct fault *f)
{
	struct directory_trust t = {.now_ms = clock_ms()};
	struct officers *officers = NULL;
	struct cert_trust *trust = NULL;
	enum err e = officers_open(o->officers, &officers, f);

	if (e == ERR_NONE && (e = cert_trust_open(o->ca, o->crl, &trust)) != 0)
		fault_set(f, e, o->ca, 0, "no authority with its CRL");
	t.officers = officers;
	t.trust = trust;
	if (e == ERR_NONE)
		e = directory_open(o->directory, o->directory_signatures, &t,
		    &d->directory, f);
	officers_free(officers);
	cert_trust_free(trust);
	return e;
}

static const char *
key_path(
    const struct registrar_options *o, const char *name, char path[static 1024])
{
	snprintf(path, 1024, "%s/%s", o->keys, name);
	return path;
}

/* Who we are is what the directory says of our CURVE key. */
static enum err
self_find(struct desk *d, struct fault *f)
{
	uint8_t public[CURVE_KEY_LEN];

	curve_public(&d->curve, public);
	d->self = directory_find_curve(d->directory, public);
	if (d->self == NULL || d->self->role != PARTY_REGISTRAR)
		return fault_set(f, ERR_KEY, "", 0,
		    "the directory names no registrar with this curve.key");
	return party_check(d->self, clock_ms());
}

static enum err
keys_read(struct desk *d, const struct registrar_options *o, struct fault *f)
{
	char path[1024];
	enum err e;

	if ((e = curve_read(key_path(o, "curve.key", path), &d->curve)) != 0 ||
	    (e = signkey_open(key_path(o, "sign.key", path), &d->sign)) != 0 ||
	    (e = dhkey_open(key_path(o, "seal.key", path), &d->seal)) != 0)
		return fault_set(f, e, path, 0, "%s", err_sentence(e));
	if ((e = point_open(o->vault_seal_key, d->vault)) != ERR_NONE)
		return fault_set(
		    f, e, o->vault_seal_key, 0, "%s", err_sentence(e));
	d->ring = seal_ring_new(d->seal, false, SEAL_CAP);
	return self_find(d, f);
}

static enum err
public_key_read(
    const char *path, uint8_t key[static CURVE_KEY_LEN], struct fault *f)
{
	struct buf text = {0};
	enum err e = file_read(path, 100, &text);

	while (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	buf_add_u8(&text, 0);
	if (e == ERR_NONE)
		e = curve_parse((const char *)text.p, key);
	buf_free(&text);
	return e == ERR_NONE ? e
			     : fault_set(f, e, path, 0, "no CURVE public key");
}

static enum err
sockets_open(struct desk *d, const struct registrar_options *o, struct fault *f)
{
	struct zlimits limits = {.message = FRAME_MAX + 64, .waiting = 8192};
	uint8_t broker[CURVE_KEY_LEN];
	enum err e = public_key_read(o->broker_key, broker, f);

	if (e != ERR_NONE)
		return e;
	d->net = znet_new(who, d);
	e = zsock_serve(d->net, o->listen, &d->curve, &limits, &d->agencies);
	if (e != ERR_NONE)
		return fault_set(f, e, "", 0, "cannot listen on %s", o->listen);
	return zsock_dial(
	    d->net, o->broker, &d->curve, broker, &limits, &d->broker);
}

static enum err
control_open(struct desk *d, const struct registrar_options *o, struct fault *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", o->control);
	unlink(o->control);
	d->control =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->control < 0 ||
	    bind(d->control, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(d->control, 8) != 0)
		return fault_set(f, ERR_SYSTEM, o->control, 0, "cannot listen");
	return ERR_NONE;
}

static enum err
database_open(
    struct desk *d, const struct registrar_options *o, struct fault *f)
{
	enum err e = db_open(o->database, &d->db);

	return e == ERR_NONE
		   ? e
		   : fault_set(f, e, "", 0, "database: %s", err_sentence(e));
}

static enum err (*const opening[])(
    struct desk *, const struct registrar_options *, struct fault *) = {
    directory_read,
    keys_read,
    database_open,
    sockets_open,
    control_open,
};

enum err
desk_open(const struct registrar_options *o, struct desk **out)
{
	struct desk *d = xcalloc(1, sizeof(*d));
	struct fault f = {0};
	enum err e = ERR_NONE;
	char text[512];

	*out = NULL;
	d->control = -1;
	for (size_t i = 0;
	     e == ERR_NONE && i < sizeof(opening) / sizeof(opening[0]); i++)
		e = opening[i](d, o, &f);
	if (e != ERR_NONE) {
		oplog(OPLOG_ERROR, "cannot-start", LOG_ERR(e),
		    LOG_TEXT("why", fault_text(&f, text, sizeof(text))));
		desk_close(d);
		return e;
	}
	*out = d;
	return ERR_NONE;
}

void
desk_close(struct desk *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n_errands; i++)
		buf_free(&d->errands[i].request);
	zsock_close(d->agencies);
	zsock_close(d->broker);
	znet_free(d->net);
	if (d->control >= 0)
		close(d->control);
	db_close(d->db);
	seal_ring_free(d->ring);
	dhkey_free(d->seal);
	signkey_free(d->sign);
	secret_free(&d->curve);
	directory_free(d->directory);
	arena_wipe_free(&d->arena);
	free(d);
}

bool
desk_database(struct desk *d)
{
	if (!db_lost(d->db))
		return true;
	if (clock_mono_ms() - d->reopened_ms < 1000)
		return false;
	d->reopened_ms = clock_mono_ms();
	return db_reopen(d->db) == ERR_NONE;
}

/* --- health: one line of JSON to whoever connects --- */

static void
health_tell(struct desk *d)
{
	static const char *const lines[] = {[DESK_DOWN] = "down",
	    [DESK_GREETING] = "greeting",
	    [DESK_UP] = "up"};
	struct buf out = {0};
	int fd = accept4(d->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	buf_printf(&out,
	    "{\"program\":\"renkei-registrar\",\"broker\":\"%s\","
	    "\"database\":\"%s\",\"waiting\":%zu,\"asked\":%llu,"
	    "\"issued\":%llu,\"refused\":%llu,\"changes\":%llu,"
	    "\"bad_frames\":%llu}\n",
	    lines[d->line], db_lost(d->db) ? "down" : "up", d->n_errands,
	    (unsigned long long)d->asked, (unsigned long long)d->issued,
	    (unsigned long long)d->refused, (unsigned long long)d->changes,
	    (unsigned long long)d->bad_frames);
	send(fd, out.p, out.n, MSG_NOSIGNAL);
	close(fd);
	buf_free(&out);
}

void
desk_turn(struct desk *d, int timeout_ms)
{
	struct zpoll items[] = {
	    {.socket = d->agencies}, {.socket = d->broker}, {.fd = d->control}};

	zsock_poll(items, 3, timeout_ms);
	if (items[2].ready)
		health_tell(d);
	desk_broker(d);
	desk_agencies(d);
	desk_tick(d);
}
