#include "agents/runtime/host.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/layout.h"
#include "agents/runtime/outbox.h"
#include "agents/runtime/sequence.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/oplog.h"
#include "lib/text.h"

static const struct config_section sections[] = {
    {"host", CONFIG_ONE},
    {"agency", CONFIG_NAMED},
};

static const struct config_key keys[] = {
    {"host", "broker", CONFIG_ENDPOINT, true, NULL, 0, 0,
	"where the broker listens"},
    {"host", "broker_key", CONFIG_PATH, true, NULL, 0, 0,
	"file of the broker's CURVE public key (Z85)"},
    {"host", "registrar", CONFIG_ENDPOINT, false, NULL, 0, 0,
	"where the registrar listens; without it no codes are acquired"},
    {"host", "registrar_key", CONFIG_PATH, false, NULL, 0, 0,
	"file of the registrar's CURVE public key (Z85)"},
    {"host", "directory", CONFIG_PATH, true, NULL, 0, 0, "directory.tsv"},
    {"host", "directory_signatures", CONFIG_PATH, true, NULL, 0, 0,
	"officers' signatures over it"},
    {"host", "officers", CONFIG_PATH, true, NULL, 0, 0,
	"officers.tsv: whose signatures count"},
    {"host", "ca", CONFIG_PATH, true, NULL, 0, 0,
	"the pinned authority's certificate (PEM)"},
    {"host", "crl", CONFIG_PATH, true, NULL, 0, 0,
	"the authority's revocation list (PEM)"},
    {"host", "policy", CONFIG_PATH, true, NULL, 0, 0,
	"directory of the policy's files"},
    {"host", "policy_signatures", CONFIG_PATH, true, NULL, 0, 0,
	"officers' signatures over its hash"},
    {"host", "policy_versions", CONFIG_PATH, false, NULL, 0, 4000,
	"folder of more versions: NAME/ with its files, NAME.sig"},
    {"host", "log_key", CONFIG_PATH, true, NULL, 0, 0,
	"the log's verification key (C2SP text form)"},
    {"host", "vault_seal_key", CONFIG_PATH, true, NULL, 0, 0,
	"the vault's public sealing key (PEM)"},
    {"host", "database", CONFIG_TEXT, true, NULL, 0, 1000,
	"libpq connection string of the agencies' database"},
    {"host", "socket", CONFIG_PATH, true, NULL, 0, 0,
	"UNIX socket of the local API"},
    {"host", "staff", CONFIG_TEXT, false, "", 0, 255,
	"user ids that may use the local API, beside this process's own"},
    {"agency", "keys", CONFIG_PATH, true, NULL, 0, 0,
	"directory of sign.key hpke.key seal.key curve.key case.key"},
    {"agency", "layouts", CONFIG_PATH, false, NULL, 0, 0,
	"directory of layout.tsv and mapping.tsv; without it answers nothing"},
    {"agency", "unit", CONFIG_TEXT, false, "", 0, NAME_MAX_,
	"organisation unit where an inquiry names none"},
    {"agency", "in_flight", CONFIG_NUMBER, false, "256", 1, 4096,
	"inquiries under way at once; more wait here"},
};

const struct config_form host_form = {
    sections,
    sizeof(sections) / sizeof(sections[0]),
    keys,
    sizeof(keys) / sizeof(keys[0]),
};

static const char *
setting(const struct host *h, const char *key)
{
	return config_text(h->conf, "host", 0, key);
}

/* Say which file or setting stopped the start, and hand the error on. */
static enum err
start_failed(enum err e, const char *what, const struct fault *why)
{
	char text[500] = "";

	if (e == ERR_NONE)
		return e;
	if (why != NULL && why->what[0] != '\0')
		fault_text(why, text, sizeof(text));
	oplog(OPLOG_ERROR, "start-failed", LOG_TEXT("at", what), LOG_ERR(e),
	    LOG_TEXT("why", text));
	return e;
}

/* The officers' own files: who signs, who takes part, who no longer does. */
struct parties {
	struct officers *officers;
	struct cert_trust *trust;
	struct directory *directory;
};

static void
parties_free(struct parties *p)
{
	directory_free(p->directory);
	cert_trust_free(p->trust);
	officers_free(p->officers);
}

/* No version older than `oldest`. */
static enum err
parties_load(
    const struct host *h, uint64_t oldest, struct parties *p, struct fault *why)
{
	struct directory_trust t = {
	    .now_ms = clock_ms(), .version_min = oldest};
	enum err e = officers_open(setting(h, "officers"), &p->officers, why);

	if (e != ERR_NONE)
		return start_failed(e, "officers", why);
	e = cert_trust_open(setting(h, "ca"), setting(h, "crl"), &p->trust);
	if (e != ERR_NONE)
		return start_failed(e, "ca", NULL);
	t.officers = p->officers;
	t.trust = p->trust;
	e = directory_open(setting(h, "directory"),
	    setting(h, "directory_signatures"), &t, &p->directory, why);
	return start_failed(e, "directory", why);
}

/* From now on these are in force. */
static void
parties_take(struct host *h, const struct parties *p)
{
	h->officers = p->officers;
	h->trust = p->trust;
	h->directory = p->directory;
	for (size_t i = 0; i < h->n_agencies; i++)
		h->agency[i]->party =
		    directory_find(h->directory, h->agency[i]->code);
	envelope_cache_drop(h->roots, NULL);
}

static enum err keys_check(const struct directory *d, const struct agency *a);

/* Every agency hosted must still be there, with the keys we hold. */
static enum err
parties_reload(struct host *h, struct fault *why)
{
	struct parties new = {0}, old = {h->officers, h->trust, h->directory};
	enum err e =
	    parties_load(h, directory_version(h->directory), &new, why);

	for (size_t i = 0; e == ERR_NONE && i < h->n_agencies; i++)
		e = keys_check(new.directory, h->agency[i]);
	if (e == ERR_NONE)
		parties_take(h, &new);
	parties_free(e == ERR_NONE ? &old : &new);
	return e;
}

static enum err
policy_load(struct host *h, struct fault *why)
{
	struct law_sources from = {.officers = h->officers,
	    .dir = setting(h, "policy"),
	    .signatures = setting(h, "policy_signatures"),
	    .versions = setting(h, "policy_versions"),
	    .now_ms = clock_ms()};

	return law_load(&h->law, &from, why);
}

enum err
host_reload(struct host *h)
{
	struct fault why = {0};
	char text[500];
	enum err e = parties_reload(h, &why), law;

	oplog(e == ERR_NONE ? OPLOG_INFO : OPLOG_WARN,
	    e == ERR_NONE ? "directory-held" : "directory-kept", LOG_ERR(e),
	    LOG_NUMBER("version", directory_version(h->directory)));
	law = policy_load(h, &why);
	if (law != ERR_NONE)
		oplog(OPLOG_WARN, "policy-kept", LOG_ERR(law),
		    LOG_TEXT("why", fault_text(&why, text, sizeof(text))));
	else
		oplog(OPLOG_INFO, "policy-held",
		    LOG_NUMBER("newest", policy_version(law_newest(&h->law))),
		    LOG_NUMBER("versions", h->law.n));
	return e != ERR_NONE ? e : law;
}

/* A file of one line, as a C string without its line end. */
static enum err
line_read(const char *path, struct buf *out)
{
	enum err e = file_read(path, 4096, out);

	if (e != ERR_NONE)
		return e;
	while (out->n > 0 &&
	       (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		out->n--;
	buf_add_u8(out, 0);
	return ERR_NONE;
}

static enum err
curve_public_read(const char *path, uint8_t key[static CURVE_KEY_LEN])
{
	struct buf text = {0};
	enum err e = line_read(path, &text);

	if (e == ERR_NONE)
		e = curve_parse((const char *)text.p, key);
	buf_free(&text);
	return e;
}

static enum err
log_key_load(struct host *h)
{
	struct buf text = {0};
	struct note_key key;
	enum err e = line_read(setting(h, "log_key"), &text);

	if (e == ERR_NONE)
		e = note_key_parse((const char *)text.p, &key);
	buf_free(&text);
	if (e == ERR_NONE)
		held_init(&h->held, &key);
	return start_failed(e, "log_key", NULL);
}

/* The keys of others that this host is told to believe. */
static enum err
pinned_load(struct host *h)
{
	enum err e = log_key_load(h);

	if (e != ERR_NONE)
		return e;
	e = point_open(setting(h, "vault_seal_key"), h->vault_point);
	if (e != ERR_NONE)
		return start_failed(e, "vault_seal_key", NULL);
	e = curve_public_read(setting(h, "broker_key"), h->broker_key);
	if (e != ERR_NONE)
		return start_failed(e, "broker_key", NULL);
	if (setting(h, "registrar") == NULL)
		return ERR_NONE;
	if (setting(h, "registrar_key") == NULL)
		return start_failed(ERR_CONFIG, "registrar_key", NULL);
	e = curve_public_read(setting(h, "registrar_key"), h->registrar_key);
	return start_failed(e, "registrar_key", NULL);
}

/* case.key: 64 hexadecimal digits. */
static enum err
case_key_read(const char *path, struct secret *out)
{
	struct secret text = {0};
	enum err e = secret_read(path, 128, &text);
	size_t n = text.n;

	while (n > 0 && text.p[n - 1] == '\n')
		n--;
	*out = secret_new(HASH_LEN);
	if (e == ERR_NONE)
		e = hex_decode(span_of(text.p, n), out->p, HASH_LEN);
	secret_free(&text);
	return e;
}

static enum err
keys_open(struct agency *a, const char *dir)
{
	char path[4200];
	enum err e;

	snprintf(path, sizeof(path), "%s/sign.key", dir);
	e = signkey_open(path, &a->sign);
	if (e == ERR_NONE) {
		snprintf(path, sizeof(path), "%s/hpke.key", dir);
		e = dhkey_open(path, &a->hpke);
	}
	if (e == ERR_NONE) {
		snprintf(path, sizeof(path), "%s/seal.key", dir);
		e = dhkey_open(path, &a->seal);
	}
	if (e == ERR_NONE) {
		snprintf(path, sizeof(path), "%s/curve.key", dir);
		e = curve_read(path, &a->curve);
	}
	if (e == ERR_NONE) {
		snprintf(path, sizeof(path), "%s/case.key", dir);
		e = case_key_read(path, &a->case_key);
	}
	return start_failed(e, path, NULL);
}

/* The keys on disk must be those the directory binds to the agency. */
static enum err
keys_check(const struct directory *d, const struct agency *a)
{
	const struct party *p = directory_find(d, a->code);

	if (p == NULL)
		return start_failed(ERR_NOT_FOUND, a->code, NULL);
	if (p->state != ERR_NONE)
		return start_failed(p->state, a->code, NULL);
	if (memcmp(verifykey_id(signkey_public(a->sign)), p->key_id,
		KEY_ID_LEN) != 0 ||
	    memcmp(dhkey_id(a->hpke), p->hpke_key_id, KEY_ID_LEN) != 0 ||
	    memcmp(dhkey_id(a->seal), p->seal_key_id, KEY_ID_LEN) != 0)
		return start_failed(ERR_KEY, a->code, NULL);
	return ERR_NONE;
}

static enum err
layout_load(const struct host *h, struct agency *a, size_t i)
{
	const char *dir = config_text(h->conf, "agency", i, "layouts");
	struct fault f = {0};
	char path[4200];

	if (dir == NULL)
		return ERR_NONE;
	snprintf(a->mapping, sizeof(a->mapping), "%s/mapping.tsv", dir);
	snprintf(path, sizeof(path), "%s/layout.tsv", dir);
	return start_failed(layout_open(path, &a->layout, &f), "layouts", &f);
}

static enum err
agency_open(struct host *h, size_t i)
{
	struct agency *a = xcalloc(1, sizeof(*a));
	enum err e;

	h->agency[h->n_agencies++] = a;
	a->host = h;
	a->queue_tail = &a->queue_head;
	text_copy(a->code, sizeof(a->code), config_name(h->conf, "agency", i));
	text_copy(a->unit, sizeof(a->unit),
	    config_text(h->conf, "agency", i, "unit"));
	a->in_flight_max =
	    (uint32_t)config_number(h->conf, "agency", i, "in_flight");
	e = keys_open(a, config_text(h->conf, "agency", i, "keys"));
	if (e == ERR_NONE)
		e = keys_check(h->directory, a);
	if (e == ERR_NONE)
		e = layout_load(h, a, i);
	if (e != ERR_NONE)
		return e;
	a->party = directory_find(h->directory, a->code);
	a->ring = seal_ring_new(a->seal, false, SEAL_CAP);
	a->sealer = payload_sealer_new();
	a->opener = payload_opener_new(a->hpke);
	a->outbox = outbox_new(a);
	return ERR_NONE;
}

static enum err
agencies_open(struct host *h)
{
	size_t n = config_count(h->conf, "agency");
	enum err e = n > 0 ? ERR_NONE : ERR_CONFIG;

	h->agency = xcalloc(n, sizeof(*h->agency));
	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = agency_open(h, i);
	return e;
}

static enum err
database_open(struct host *h)
{
	struct buf codes = {0};
	enum err e;

	for (size_t i = 0; i < h->n_agencies; i++)
		buf_printf(
		    &codes, "%s%s", i > 0 ? "," : "", h->agency[i]->code);
	buf_add_u8(&codes, 0);
	e = store_open(
	    setting(h, "database"), (const char *)codes.p, &h->store);
	buf_free(&codes);
	if (e == ERR_NONE)
		e = sequence_load(h);
	return start_failed(e, "database", NULL);
}

enum err
host_open(const char *conf_path, struct host **out)
{
	struct host *h = xcalloc(1, sizeof(*h));
	struct parties parties = {0};
	struct fault why = {0};
	enum err e;

	*out = NULL;
	h->roots = envelope_cache_new();
	e = start_failed(config_read(conf_path, &host_form, &h->conf, &why),
	    "configuration", &why);
	if (e == ERR_NONE)
		e = parties_load(h, 0, &parties, &why);
	if (e == ERR_NONE)
		parties_take(h, &parties);
	else
		parties_free(&parties);
	if (e == ERR_NONE)
		e = start_failed(policy_load(h, &why), "policy", &why);
	if (e == ERR_NONE)
		e = pinned_load(h);
	if (e == ERR_NONE)
		e = agencies_open(h);
	if (e == ERR_NONE)
		e = database_open(h);
	if (e != ERR_NONE) {
		host_close(h);
		return e;
	}
	h->net = znet_new(NULL, NULL);
	*out = h;
	return ERR_NONE;
}

static void
agency_close(struct agency *a)
{
	zsock_close(a->broker);
	zsock_close(a->registrar);
	outbox_free(a->outbox);
	payload_opener_free(a->opener);
	payload_sealer_free(a->sealer);
	seal_ring_free(a->ring);
	layout_free(a->layout);
	secret_free(&a->case_key);
	secret_free(&a->curve);
	dhkey_free(a->seal);
	dhkey_free(a->hpke);
	signkey_free(a->sign);
	free(a);
}

void
host_close(struct host *h)
{
	if (h == NULL)
		return;
	store_close(h->store);
	for (size_t i = 0; i < h->n_agencies; i++)
		agency_close(h->agency[i]);
	free(h->agency);
	znet_free(h->net);
	envelope_cache_free(h->roots);
	idmap_free(&h->asked);
	idmap_free(&h->permits);
	idmap_free(&h->acquired);
	held_fini(&h->held);
	arena_wipe_free(&h->arena);
	law_fini(&h->law);
	parties_free(&(struct parties){h->officers, h->trust, h->directory});
	config_free(h->conf);
	free(h);
}

struct agency *
host_agency(struct host *h, const char *code)
{
	for (size_t i = 0; i < h->n_agencies; i++)
		if (strcmp(h->agency[i]->code, code) == 0)
			return h->agency[i];
	return NULL;
}
