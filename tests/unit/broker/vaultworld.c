#include "tests/unit/broker/vaultworld.h"

#include "lib/authority.h"
#include "lib/b64.h"
#include "lib/file.h"
#include "lib/keystatement.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "tests/unit/suite.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (UINT64_C(86400) * 1000)
#define MUST(call) SUITE_ERR(call, ERR_NONE)

static const struct {
	const char *code, *role;
} roster[VW_PARTIES] = {
    {NENKIN, "agency"},
    {YOKOHAMA, "agency"},
    {OSAKA, "agency"},
    {SAPPORO, "agency"},
    {NAGOYA, "agency"},
    {KYOTO, "agency"},
    {"registrar", "registrar"},
    {"portal", "portal"},
    {"auditor", "auditor"},
};

/* --- the law: the real statute, with the test's own registers beside it --- */

static const struct {
	const char *name, *text;
} own_files[] = {
    {"phrases_a.tsv", "phrase\trow\tdata\n"
		      "市町村民税に関する情報\t73\t地方税関係情報\n"},
    {"phrases_b.tsv", "phrase\trow\tdata\n"
		      "市町村民税に関する情報\t73\t地方税関係情報\n"},
    {"pia.tsv",
	"body\tfile\trows\tstate\tin_force_from\tin_force_until\tcitation\n"
	"nenkin\ttest\t*\tpublished\t2024-04-24\t\ttest\n"
	"141003\ttest\t*\tpublished\t2024-04-24\t\ttest\n"
	"261009\ttest\t*\tpublished\t2024-04-24\t\ttest\n"
	"231002\ttest\t*\tpublished\t2024-04-24\t\ttest\n"
	"271004\ttest\t*\tpublished\t2024-04-24\t\ttest\n"},
    {"suspensions.tsv",
	"body\trow\tdata\tin_force_from\tin_force_until\treason\n"
	"231002\t*\t*\t2026-01-01\t\ttest\n"
	"261009\t*\t*\t2026-11-25\t\ttest\n"},
};

static void
file_put(const char *dir, const char *name, struct span bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	MUST(file_write(path, bytes, 0600));
}

static void
statute_copy(const char *dir)
{
	DIR *d = opendir("policy");
	struct dirent *e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((e = readdir(d)) != NULL) {
		struct buf bytes = {0};
		char path[512];

		if (strstr(e->d_name, ".tsv") == NULL)
			continue;
		snprintf(path, sizeof(path), "policy/%s", e->d_name);
		MUST(file_read(path, 1 << 24, &bytes));
		file_put(dir, e->d_name, buf_span(&bytes));
		buf_free(&bytes);
	}
	closedir(d);
}

static void
folder_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

static struct policy *
law_make(void)
{
	char dir[] = "/tmp/vaultworld.XXXXXX";
	struct policy *p = NULL;
	struct buf why = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	statute_copy(dir);
	for (size_t i = 0; i < sizeof(own_files) / sizeof(own_files[0]); i++)
		file_put(dir, own_files[i].name, span_str(own_files[i].text));
	MUST(policy_open(dir, &p, &why));
	if (why.n > 0)
		printf("%.*s\n", (int)why.n, (const char *)why.p);
	buf_free(&why);
	folder_remove(dir);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

/* --- parties and their directory --- */

static void
statement_make(const struct vw_party *p, struct buf *out)
{
	struct key_statement s = {.version = 1,
	    .serial = 1,
	    .not_before_ms = VW_NOW - DAY_MS,
	    .not_after_ms = VW_NOW + 365 * DAY_MS};
	struct dhkey *hpke;

	snprintf(s.party, sizeof(s.party), "%s", p->code);
	randombytes_buf(s.curve_key, sizeof(s.curve_key));
	MUST(dhkey_generate(&hpke));
	memcpy(s.hpke_key, dhkey_point(hpke), POINT_LEN);
	memcpy(s.seal_key, dhkey_point(p->seal), POINT_LEN);
	MUST(keystatement_sign(p->sign, &s, out));
	dhkey_free(hpke);
}

static void
party_line(
    struct authority *ca, struct vw_party *p, const char *role, struct buf *out)
{
	struct authority_request r = {.party = p->code,
	    .name = p->code,
	    .key = signkey_public(p->sign),
	    .from_ms = VW_NOW - DAY_MS,
	    .until_ms = VW_NOW + 365 * DAY_MS};
	struct buf der = {0}, statement = {0};

	MUST(authority_issue(ca, &r, &der));
	statement_make(p, &statement);
	buf_printf(out, "%s\t%s\t%s\tactive\t", p->code, role, p->code);
	b64_encode(buf_span(&der), out);
	buf_add_u8(out, '\t');
	b64_encode(buf_span(&statement), out);
	buf_add_u8(out, '\n');
	buf_free(&der);
	buf_free(&statement);
}

#define OFFICERS 2

static struct officers *
officers_make(struct signkey *keys[static OFFICERS])
{
	struct officers *o = NULL;
	struct buf text = {0};

	buf_printf(&text, "officer\tname\tkey\tfrom\tuntil\n");
	for (int i = 0; i < OFFICERS; i++) {
		MUST(signkey_generate(SIGN_ED25519, &keys[i]));
		buf_printf(&text, "officer-%d\tTest\t", i);
		b64_encode(verifykey_raw(signkey_public(keys[i])), &text);
		buf_printf(&text, "\t2026-01-01\t\n");
	}
	MUST(officers_parse("officers.tsv", buf_span(&text), &o, NULL));
	buf_free(&text);
	return o;
}

static struct cert_trust *
trust_make(struct authority *ca)
{
	struct buf pem = {0}, crl = {0};
	struct cert_trust *t = NULL;

	authority_pem(ca, &pem);
	MUST(authority_crl(ca, VW_NOW - DAY_MS, VW_NOW + 365 * DAY_MS, &crl));
	MUST(cert_trust_parse(buf_span(&pem), buf_span(&crl), &t));
	buf_free(&pem);
	buf_free(&crl);
	return t;
}

static struct directory *
directory_sign(struct authority *ca, struct span file)
{
	struct signkey *keys[OFFICERS];
	struct directory_trust t = {
	    .officers = officers_make(keys), .now_ms = VW_NOW};
	struct bundle b = {.kind = "directory", .version = 1};
	struct cert_trust *trust = trust_make(ca);
	struct directory *d = NULL;
	struct buf signatures = {0};
	struct fault f = {0};
	char id[32];

	t.trust = trust;
	sha256(file, b.hash);
	for (int i = 0; i < OFFICERS; i++) {
		snprintf(id, sizeof(id), "officer-%d", i);
		MUST(bundle_sign(&b, id, keys[i], &signatures));
		signkey_free(keys[i]);
	}
	MUST(directory_parse(file, buf_span(&signatures), &t, &d, &f));
	if (d == NULL)
		printf("%s\n", f.what);
	buf_free(&signatures);
	cert_trust_free(trust);
	officers_free((struct officers *)(uintptr_t)t.officers);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	return d;
}

static struct directory *
parties_make(struct vaultworld *w)
{
	struct authority *ca = NULL;
	struct buf file = {0};
	struct directory *d;

	MUST(authority_new(
	    "Test CA", VW_NOW - 2 * DAY_MS, VW_NOW + 400 * DAY_MS, &ca));
	buf_printf(&file, "# version 1\n"
			  "party\trole\tname\tstate\tcertificate\t"
			  "keystatement\n");
	for (int i = 0; i < VW_PARTIES; i++) {
		struct vw_party *p = &w->parties[i];

		p->code = roster[i].code;
		MUST(signkey_generate(SIGN_ED25519, &p->sign));
		MUST(dhkey_generate(&p->seal));
		p->ring = seal_ring_new(p->seal, false, SEAL_CAP);
		party_line(ca, p, roster[i].role, &file);
	}
	d = directory_sign(ca, buf_span(&file));
	buf_free(&file);
	authority_free(ca);
	return d;
}

/* --- the worker --- */

static struct linkcode_keys *
keys_make(void)
{
	static const struct {
		const char *name;
		size_t n;
	} keys[] = {{"k_person", 32}, {"k_code", 64}, {"k_holder", 32},
	    {"k_endorse", 32}, {"k_alias", 32}};
	struct linkcode_keys *k = NULL;
	struct buf text = {0};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		buf_printf(&text, "%s = ", keys[i].name);
		for (size_t j = 0; j < keys[i].n; j++)
			buf_printf(&text, "%02x", randombytes_uniform(256));
		buf_add_u8(&text, '\n');
	}
	MUST(linkcode_keys_parse(buf_span(&text), &k));
	buf_free(&text);
	return k;
}

struct vaultworld *
vw_new(void)
{
	static const struct vault_options options = {.portal = "portal",
	    .answer_by_seconds = 60,
	    .valid_for_seconds = 604800,
	    .workers = 1};
	struct vaultworld *w = xcalloc(1, sizeof(*w));
	struct directory *directory;
	struct dhkey *seal;

	w->now_ms = VW_NOW;
	directory = parties_make(w);
	w->policy = law_make();
	w->keys = keys_make();
	MUST(dhkey_generate(&seal));
	memcpy(w->vault_point, dhkey_point(seal), POINT_LEN);
	w->vault = vault_new(w->keys, seal, directory, w->policy, &options);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w->vault);
	return w;
}

void
vw_free(struct vaultworld *w)
{
	vault_free(w->vault);
	policy_free(w->policy);
	for (int i = 0; i < VW_PARTIES; i++) {
		seal_ring_free(w->parties[i].ring);
		dhkey_free(w->parties[i].seal);
		signkey_free(w->parties[i].sign);
	}
	buf_free(&w->raw);
	arena_wipe_free(&w->arena);
	free(w);
}

struct vw_party *
vw_party(struct vaultworld *w, const char *code)
{
	for (int i = 0; i < VW_PARTIES; i++)
		if (strcmp(w->parties[i].code, code) == 0)
			return &w->parties[i];
	CU_FAIL_FATAL("no such party in the test's world");
	return NULL;
}

/* --- people --- */

void
vw_resident(unsigned n, char digits[static RESIDENT_LEN])
{
	char text[RESIDENT_LEN + 1];

	snprintf(text, sizeof(text), "%011u", 1000000u + n % 1000000u);
	memcpy(digits, text, RESIDENT_LEN);
}

void
vw_code(struct vaultworld *w, const char *agency, unsigned n,
    uint8_t code[static CODE_LEN])
{
	char digits[RESIDENT_LEN];
	uint8_t handle[LINKCODE_HANDLE_LEN];

	vw_resident(n, digits);
	linkcode_handle(w->keys, digits, handle);
	linkcode_make(w->keys, agency, LINKCODE_EPOCH, handle, code);
}

/* --- messages --- */

void
vw_inquiry(struct vaultworld *w, struct inquiry *q)
{
	*q = (struct inquiry){.version = 1,
	    .inquirer = NENKIN,
	    .unit = "年金給付部",
	    .task = ROW,
	    .procedure = PROCEDURE,
	    .relation = "本人",
	    .provider = YOKOHAMA,
	    .n_data = 1,
	    .data = {TAX},
	    .period_from = "2025",
	    .time_ms = w->now_ms,
	    .sequence = 1};
	uuid_make_at(w->now_ms, q->exchange_id);
	memset(q->case_tag, 7, sizeof(q->case_tag));
}

void
vw_seal_person(struct vaultworld *w, struct inquiry *q, const char *sealer,
    const char *agency, unsigned n, struct buf *room)
{
	struct vw_party *p = vw_party(w, sealer);
	uint8_t code[CODE_LEN];
	struct buf ad = {0};

	vw_code(w, agency, n, code);
	seal_ad_inquiry(&ad, q->inquirer, q->provider, q->exchange_id);
	buf_reset(room);
	MUST(seal_code(
	    seal_ring_find(p->ring, sealer, w->vault_point, SEAL_TO_VAULT),
	    LINKCODE_EPOCH, code, buf_span(&ad), room));
	q->person =
	    (struct person_ref){SEAL_SUITE, PERSON_LINK_CODE, buf_span(room)};
	buf_free(&ad);
}

void
vw_envelope(struct vaultworld *w, const char *signer, const char *type,
    struct span body, struct buf *out)
{
	struct envelope_item item = {type, body};

	MUST(envelope_sign(vw_party(w, signer)->sign, signer, &item, 1, out));
}

void
vw_inquiry_envelope(
    struct vaultworld *w, struct inquiry *q, unsigned n, struct buf *out)
{
	struct buf room = {0}, body = {0};

	vw_seal_person(w, q, q->inquirer, q->inquirer, n, &room);
	inquiry_encode(q, &body);
	vw_envelope(w, q->inquirer, "inquiry", buf_span(&body), out);
	buf_free(&room);
	buf_free(&body);
}

/* --- asking --- */

enum err
vw_ask(struct vaultworld *w, const struct vault_request *ask)
{
	struct buf bytes = {0};

	vault_request_encode(ask, &bytes);
	buf_reset(&w->raw);
	arena_reset(&w->arena);
	vault_answer(w->vault, w->now_ms, buf_span(&bytes), &w->raw);
	buf_free(&bytes);
	MUST(vault_reply_decode(buf_span(&w->raw), &w->arena, &w->reply));
	CU_ASSERT_EQUAL(w->reply.ticket, ask->ticket);
	memset(&w->entry, 0, sizeof(w->entry));
	if (w->reply.entry_type != 0)
		MUST(entry_decode(w->reply.body, &w->arena, &w->entry));
	return w->reply.error[0] != '\0' ? err_from_code(w->reply.error)
					 : ERR_NONE;
}

enum err
vw_admit(struct vaultworld *w, const char *party, struct span envelope)
{
	struct vault_request ask = {
	    .ticket = 9, .op = VAULT_ADMIT, .envelope = envelope};

	snprintf(ask.party, sizeof(ask.party), "%s", party);
	return vw_ask(w, &ask);
}

enum err
vw_open(struct vaultworld *w, const char *party, const struct person_ref *ref,
    struct span ad, uint8_t code[static CODE_LEN])
{
	struct vw_party *p = vw_party(w, party);
	uint32_t epoch;

	return seal_open_code(
	    seal_ring_find(p->ring, party, w->vault_point, SEAL_FROM_VAULT),
	    ref->data, ad, &epoch, code);
}

bool
vw_record_is(struct vaultworld *w, unsigned n)
{
	static const uint8_t none[ID_LEN];
	bool has = memcmp(w->entry.exchange_id, none, ID_LEN) != 0;
	uint8_t code[CODE_LEN], want[CODE_LEN], hash[HASH_LEN];
	struct buf ad = {0};
	enum err e;

	seal_ad_record(&ad, has ? w->entry.exchange_id : w->entry.entry_id,
	    (uint8_t)w->entry.type);
	e = vw_open(w, "portal", &w->reply.record, buf_span(&ad), code);
	buf_free(&ad);
	sha256(w->reply.record.data, hash);
	vw_code(w, "portal", n, want);
	return e == ERR_NONE && w->reply.has_record &&
	       w->reply.record.kind == PERSON_RECORD_CODE &&
	       memcmp(code, want, CODE_LEN) == 0 &&
	       memcmp(hash, w->entry.record_code_hash, HASH_LEN) == 0;
}

bool
vw_endorsed(struct vaultworld *w)
{
	const struct vault_reply *r = &w->reply;
	uint8_t leaf[ENTRY_LEAF_LEN];

	entry_leaf(r->entry_type, r->salt, r->body, leaf);
	return memcmp(leaf, r->leaf, sizeof(leaf)) == 0 &&
	       entry_endorse_check(linkcode_endorse_key(w->keys), leaf,
		   w->entry.record_code_hash, w->entry.entry_id,
		   r->endorsement);
}
