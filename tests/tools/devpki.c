/*
 * A development PKI: every key of a small world, and its signed directory.
 *
 *	devpki PARTIES.tsv POLICY OUTDIR [option...]
 *	devpki revoke|suspend|resume|rekey OUTDIR PARTY
 *	devpki policy OUTDIR POLICY
 *	devpki sign OUTDIR KIND VERSION FILE SIGNATURES [OFFICER...]
 *
 * PARTIES.tsv: lines of party, role, name, without a header. POLICY: the
 * policy's directory, "-" for none. Options, each may be repeated:
 *	--es256 PARTY	a P-256 signing key instead of Ed25519
 *	--expired PARTY	a certificate that ended yesterday
 *	--revoked PARTY	a certificate on the first CRL
 *	--suspended PARTY
 *	--origin NAME	of the log
 * The second form changes one thing in such a world: suspend, resume and
 * rekey write the directory anew under the next version, signed again; revoke
 * writes the CRL. Keys are for development: nothing here protects them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <sodium.h>
#include <zmq.h>

#include "lib/authority.h"
#include "lib/b64.h"
#include "lib/bundle.h"
#include "lib/clock.h"
#include "lib/dhkey.h"
#include "lib/directory.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/keystatement.h"
#include "lib/note.h"
#include "lib/sha256.h"
#include "lib/tsv.h"
#include "policy/policy.h"

#define DAY_MS (UINT64_C(86400) * 1000)
#define PATH_LEN 512
#define Z85_LEN 41 /* 40 characters and NUL */
#define FILE_MAX_BYTES (16 * 1024 * 1024)
#define OPTIONS_MAX 64

static const char *const officer_ids[] = {
    "officer-1", "officer-2", "officer-3"};
static const char *const officer_names[] = {
    "架空 一郎", "架空 二郎", "架空 三郎"};
#define OFFICERS (sizeof(officer_ids) / sizeof(officer_ids[0]))

/* What the command line asks for beside the list of parties. */
static const char *option_word[OPTIONS_MAX], *option_value[OPTIONS_MAX];
static size_t n_options;

static _Noreturn void __attribute__((format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("devpki: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void
must(enum err e, const char *what)
{
	if (e != ERR_NONE)
		die("%s: %s", what, err_sentence(e));
}

static bool
option_is(const char *word, const char *party)
{
	for (size_t i = 0; i < n_options; i++)
		if (strcmp(option_word[i], word) == 0 &&
		    strcmp(option_value[i], party) == 0)
			return true;
	return false;
}

/* ---- files ----------------------------------------------------------------
 */

static char *
path_in(char path[static PATH_LEN], const char *dir, const char *file)
{
	int n = snprintf(path, PATH_LEN, "%s/%s", dir, file);

	if (n < 0 || n >= PATH_LEN)
		die("%s/%s: too long", dir, file);
	return path;
}

static void
make_dir(const char *path)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

static void
put(const char *dir, const char *file, struct span bytes, unsigned mode)
{
	char path[PATH_LEN];

	must(file_write(path_in(path, dir, file), bytes, mode), path);
}

static void
put_line(const char *dir, const char *file, const char *text, unsigned mode)
{
	struct buf b = {0};

	buf_printf(&b, "%s\n", text);
	put(dir, file, buf_span(&b), mode);
	buf_wipe_free(&b);
}

static void
get(const char *dir, const char *file, struct buf *out)
{
	char path[PATH_LEN];

	must(file_read(path_in(path, dir, file), FILE_MAX_BYTES, out), path);
}

/* n random bytes as hexadecimal digits. */
static char *
random_hex(size_t n, char *out)
{
	uint8_t bytes[64];

	randombytes_buf(bytes, n);
	return hex_encode(span_of(bytes, n), out);
}

static void
put_curve(const char *dir, uint8_t public[static 32])
{
	char pub[Z85_LEN], secret[Z85_LEN];

	if (zmq_curve_keypair(pub, secret) != 0 ||
	    zmq_z85_decode(public, pub) == NULL)
		die("ZeroMQ makes no CURVE keys");
	put_line(dir, "curve.key", secret, 0600);
	put_line(dir, "curve.pub", pub, 0644);
}

static void
put_dhkey(const char *dir, const char *file, uint8_t point[static POINT_LEN])
{
	char path[PATH_LEN];
	struct dhkey *k;

	must(dhkey_generate(&k), file);
	must(dhkey_write(k, path_in(path, dir, file)), path);
	memcpy(point, dhkey_point(k), POINT_LEN);
	dhkey_free(k);
}

/* ---- one party ------------------------------------------------------------
 */

/* A line of directory.tsv. */
struct line {
	char *party, *role, *name, *state;
	struct buf cert, statement; /* base64 */
};

struct world {
	const char *out;
	struct authority *ca;
	uint64_t now_ms, version;
	struct line *line;
	size_t n;
};

static void
put_certificate(struct world *w, const char *dir, struct line *l,
    const struct verifykey *key)
{
	bool expired = option_is("--expired", l->party);
	struct authority_request r = {
	    .party = l->party,
	    .name = l->name,
	    .key = key,
	    .from_ms = w->now_ms - (expired ? 400 : 1) * DAY_MS,
	    .until_ms = expired ? w->now_ms - DAY_MS : w->now_ms + 730 * DAY_MS,
	};
	struct buf der = {0}, pem = {0};

	must(authority_issue(w->ca, &r, &der), "certificate");
	if (option_is("--revoked", l->party))
		must(authority_revoke(w->ca, buf_span(&der), w->now_ms),
		    "revocation");
	buf_reset(&l->cert);
	b64_encode(buf_span(&der), &l->cert);

	buf_printf(&pem, "-----BEGIN CERTIFICATE-----\n");
	for (size_t i = 0; i < l->cert.n; i += 64)
		buf_printf(&pem, "%.*s\n",
		    (int)(l->cert.n - i < 64 ? l->cert.n - i : 64),
		    (const char *)l->cert.p + i);
	buf_printf(&pem, "-----END CERTIFICATE-----\n");
	put(dir, "cert.pem", buf_span(&pem), 0644);
	buf_free(&pem);
	buf_free(&der);
}

/* Every key of a party, its certificate, and the statement that binds them. */
static void
make_party(struct world *w, struct line *l, uint64_t serial)
{
	struct key_statement s = {
	    .version = 1,
	    .serial = serial,
	    .not_before_ms = w->now_ms - DAY_MS,
	    .not_after_ms = w->now_ms + 365 * DAY_MS,
	};
	char parties[PATH_LEN], dir[PATH_LEN], path[PATH_LEN], hex[65];
	struct signkey *k;
	struct buf envelope = {0};

	path_in(parties, w->out, "parties");
	make_dir(path_in(dir, parties, l->party));
	must(
	    signkey_generate(
		option_is("--es256", l->party) ? SIGN_ES256 : SIGN_ED25519, &k),
	    "sign.key");
	must(signkey_write(k, path_in(path, dir, "sign.key")), path);
	put_certificate(w, dir, l, signkey_public(k));
	put_dhkey(dir, "hpke.key", s.hpke_key);
	put_dhkey(dir, "seal.key", s.seal_key);
	put_curve(dir, s.curve_key);
	put_line(dir, "case.key", random_hex(32, hex), 0600);

	snprintf(s.party, sizeof(s.party), "%s", l->party);
	must(keystatement_sign(k, &s, &envelope), "keystatement");
	put(dir, "keystatement.bin", buf_span(&envelope), 0644);
	buf_reset(&l->statement);
	b64_encode(buf_span(&envelope), &l->statement);
	buf_free(&envelope);
	signkey_free(k);
}

/* ---- officers and what they sign ------------------------------------------
 */

static void
make_officers(const struct world *w)
{
	char dir[PATH_LEN], path[PATH_LEN], file[64], from[DAY_TEXT_LEN];
	struct buf tsv = {0};
	struct signkey *k;

	make_dir(path_in(dir, w->out, "officers"));
	day_text(day_of_ms(w->now_ms - DAY_MS), from);
	buf_printf(&tsv, "officer\tname\tkey\tfrom\tuntil\n");
	for (size_t i = 0; i < OFFICERS; i++) {
		must(signkey_generate(SIGN_ED25519, &k), "officer");
		snprintf(file, sizeof(file), "%s.key", officer_ids[i]);
		must(signkey_write(k, path_in(path, dir, file)), path);
		buf_printf(&tsv, "%s\t%s\t", officer_ids[i], officer_names[i]);
		b64_encode(verifykey_raw(signkey_public(k)), &tsv);
		buf_printf(&tsv, "\t%s\t\n", from);
		signkey_free(k);
	}
	put(w->out, "officers.tsv", buf_span(&tsv), 0644);
	buf_free(&tsv);
}

static void
officer_sign(const char *out, const char *officer, const struct bundle *b,
    struct buf *signatures)
{
	char dir[PATH_LEN], path[PATH_LEN], file[64];
	struct signkey *k;

	path_in(dir, out, "officers");
	snprintf(file, sizeof(file), "%.40s.key", officer);
	must(signkey_open(path_in(path, dir, file), &k), path);
	must(bundle_sign(b, officer, k, signatures), officer);
	signkey_free(k);
}

/* Two officers, as many as it takes. */
static void
sign_bundle(const char *out, const struct bundle *b, const char *file)
{
	struct buf signatures = {0};

	for (size_t i = 0; i < BUNDLE_OFFICERS; i++)
		officer_sign(out, officer_ids[i], b, &signatures);
	put(out, file, buf_span(&signatures), 0644);
	buf_free(&signatures);
}

static void
sign_policy(const char *out, const char *dir)
{
	struct bundle b = {.kind = "policy"};
	struct policy *p = NULL;
	struct buf why = {0};
	enum err e;

	if (strcmp(dir, "-") == 0)
		return;
	e = policy_open(dir, &p, &why);
	if (e != ERR_NONE)
		die("%s: %s: %.*s", dir, err_sentence(e), (int)why.n,
		    (const char *)why.p);
	b.version = policy_version(p);
	memcpy(b.hash, policy_hash(p), HASH_LEN);
	sign_bundle(out, &b, "policy.sig");
	policy_free(p);
	buf_free(&why);
}

/* ---- the directory --------------------------------------------------------
 */

static void
write_directory(const struct world *w)
{
	struct bundle b = {.kind = "directory", .version = w->version};
	struct buf tsv = {0};

	buf_printf(&tsv, "# version %llu\n", (unsigned long long)w->version);
	buf_printf(
	    &tsv, "party\trole\tname\tstate\tcertificate\tkeystatement\n");
	for (size_t i = 0; i < w->n; i++) {
		const struct line *l = &w->line[i];

		buf_printf(&tsv, "%s\t%s\t%s\t%s\t", l->party, l->role, l->name,
		    l->state);
		buf_add(&tsv, l->cert.p, l->cert.n);
		buf_add_u8(&tsv, '\t');
		buf_add(&tsv, l->statement.p, l->statement.n);
		buf_add_u8(&tsv, '\n');
	}
	sha256(buf_span(&tsv), b.hash);
	put(w->out, "directory.tsv", buf_span(&tsv), 0644);
	sign_bundle(w->out, &b, "directory.tsv.sig");
	buf_free(&tsv);
}

/* What was written is what a program will believe. */
static void
check_directory(const struct world *w)
{
	char file[PATH_LEN], sig[PATH_LEN], officers[PATH_LEN];
	char ca[PATH_LEN], crl[PATH_LEN], text[512];
	struct directory_trust t = {.now_ms = w->now_ms};
	struct officers *o = NULL;
	struct cert_trust *trust = NULL;
	struct directory *d = NULL;
	struct fault f = {0};
	enum err e;

	e = officers_open(path_in(officers, w->out, "officers.tsv"), &o, &f);
	if (e == ERR_NONE)
		e = cert_trust_open(path_in(ca, w->out, "ca/ca.pem"),
		    path_in(crl, w->out, "ca/crl.pem"), &trust);
	t.officers = o;
	t.trust = trust;
	if (e == ERR_NONE)
		e = directory_open(path_in(file, w->out, "directory.tsv"),
		    path_in(sig, w->out, "directory.tsv.sig"), &t, &d, &f);
	if (e != ERR_NONE)
		die("the directory does not verify: %s: %s", err_sentence(e),
		    fault_text(&f, text, sizeof(text)));
	directory_free(d);
	cert_trust_free(trust);
	officers_free(o);
}

static void
add_line(struct world *w, const char *party, const char *role, const char *name,
    const char *state)
{
	struct line *l;

	w->line = xrealloc(w->line, (w->n + 1) * sizeof(*w->line));
	l = &w->line[w->n++];
	memset(l, 0, sizeof(*l));
	l->party = xstrdup(party);
	l->role = xstrdup(role);
	l->name = xstrdup(name);
	l->state = xstrdup(state);
}

static void
read_directory(struct world *w)
{
	struct rows r = {0};
	struct buf file = {0};
	struct fault f = {0};

	get(w->out, "directory.tsv", &file);
	must(tsv_version(buf_span(&file), &w->version), "directory.tsv");
	must(tsv_parse("directory.tsv", buf_span(&file), &r, &f), f.what);
	for (size_t i = 0; i < r.n; i++) {
		const char *cert = rows_cell(&r, i, 4);
		const char *statement = rows_cell(&r, i, 5);

		add_line(w, rows_cell(&r, i, 0), rows_cell(&r, i, 1),
		    rows_cell(&r, i, 2), rows_cell(&r, i, 3));
		buf_add(&w->line[i].cert, cert, strlen(cert));
		buf_add(&w->line[i].statement, statement, strlen(statement));
	}
	rows_free(&r);
	buf_free(&file);
}

static void
free_world(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct line *l = &w->line[i];

		free(l->party);
		free(l->role);
		free(l->name);
		free(l->state);
		buf_free(&l->cert);
		buf_free(&l->statement);
	}
	free(w->line);
	authority_free(w->ca);
}

/* ---- the broker's own keys ------------------------------------------------
 */

static void
make_vault_keys(const char *dir)
{
	static const struct {
		const char *name;
		size_t n;
	} keys[] = {{"k_person", 32}, {"k_code", 64}, {"k_holder", 32},
	    {"k_alias", 32}};
	char hex[129];
	struct buf text = {0};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		buf_printf(&text, "%s = %s\n", keys[i].name,
		    random_hex(keys[i].n, hex));
	/* the signer checks endorsements with the same key */
	buf_printf(&text, "k_endorse = %s\n", random_hex(32, hex));
	put_line(dir, "endorse.key", hex, 0600);
	put(dir, "vault.keys", buf_span(&text), 0600);
	buf_wipe_free(&text);
}

static void
make_log_key(const struct world *w, const char *dir)
{
	char origin[NOTE_NAME_MAX + 1], text[NOTE_KEY_TEXT_MAX];
	uint8_t seed[32];
	struct note_signer s;

	snprintf(origin, sizeof(origin), "renkei.example/log/%d",
	    day_fiscal_year(day_of_ms(w->now_ms)));
	for (size_t i = 0; i < n_options; i++)
		if (strcmp(option_word[i], "--origin") == 0)
			snprintf(origin, sizeof(origin), "%s", option_value[i]);
	randombytes_buf(seed, sizeof(seed));
	must(note_signer_make(origin, NOTE_ED25519, seed, &s), origin);
	note_signer_format(&s, text);
	put_line(dir, "log.key", text, 0600);
	note_key_format(&s.key, text);
	put_line(dir, "log.pub", text, 0644);
	note_signer_fini(&s);
}

static void
make_broker(const struct world *w)
{
	char dir[PATH_LEN], path[PATH_LEN];
	uint8_t point[POINT_LEN], curve[32];

	make_dir(path_in(dir, w->out, "broker"));
	put_curve(dir, curve);
	make_vault_keys(dir);
	put_dhkey(dir, "vault-seal.key", point);
	must(point_write(point, path_in(path, dir, "vault-seal.pub")), path);
	make_log_key(w, dir);
}

/* ---- the commands ---------------------------------------------------------
 */

static void
write_authority(struct world *w)
{
	char dir[PATH_LEN];

	make_dir(path_in(dir, w->out, "ca"));
	must(authority_write(
		 w->ca, dir, w->now_ms - 3600 * 1000, w->now_ms + 365 * DAY_MS),
	    dir);
}

static void
open_authority(struct world *w)
{
	char dir[PATH_LEN];

	must(authority_open(path_in(dir, w->out, "ca"), &w->ca), dir);
}

/* "party TAB role TAB name" lines. */
static void
read_parties(struct world *w, const char *path)
{
	struct buf file = {0};
	char *line, *rest;

	must(file_read(path, FILE_MAX_BYTES, &file), path);
	buf_add_u8(&file, 0);
	for (rest = (char *)file.p; (line = strsep(&rest, "\n")) != NULL;) {
		char *party = strsep(&line, "\t");
		char *role = strsep(&line, "\t");
		char *name = strsep(&line, "\t");

		if (party[0] == '\0' || party[0] == '#')
			continue;
		if (name == NULL)
			die("%s: a line without role and name", path);
		add_line(w, party, role, name,
		    option_is("--suspended", party) ? "suspended" : "active");
	}
	buf_free(&file);
}

static int
command_make(const char *parties, const char *policy, const char *out)
{
	struct world w = {.out = out, .now_ms = clock_ms(), .version = 1};
	char dir[PATH_LEN];

	make_dir(out);
	make_dir(path_in(dir, out, "parties"));
	must(authority_new("renkei development CA", w.now_ms - 800 * DAY_MS,
		 w.now_ms + 3650 * DAY_MS, &w.ca),
	    "authority");
	read_parties(&w, parties);
	for (size_t i = 0; i < w.n; i++)
		make_party(&w, &w.line[i], 1);
	write_authority(&w);
	make_officers(&w);
	make_broker(&w);
	write_directory(&w);
	check_directory(&w);
	sign_policy(out, policy);
	printf("%zu parties, %zu officers\n", w.n, OFFICERS);
	free_world(&w);
	return 0;
}

static struct line *
line_find(struct world *w, const char *party)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->line[i].party, party) == 0)
			return &w->line[i];
	die("no party %s", party);
}

static void
revoke(struct world *w, struct line *l)
{
	struct buf der = {0};

	must(b64_decode(buf_span(&l->cert), &der), "certificate");
	must(authority_revoke(w->ca, buf_span(&der), w->now_ms), l->party);
	write_authority(w);
	buf_free(&der);
}

static void
set_state(struct world *w, struct line *l, const char *state)
{
	free(l->state);
	l->state = xstrdup(state);
	w->version++;
	write_directory(w);
}

/* The next statement's number must be higher than the one it replaces. */
static void
rekey(struct world *w, struct line *l)
{
	w->version++;
	make_party(w, l, w->version);
	write_directory(w);
}

static int
command_change(const char *verb, const char *out, const char *party)
{
	struct world w = {.out = out, .now_ms = clock_ms()};
	struct line *l;

	open_authority(&w);
	read_directory(&w);
	l = line_find(&w, party);
	if (strcmp(verb, "revoke") == 0)
		revoke(&w, l);
	else if (strcmp(verb, "rekey") == 0)
		rekey(&w, l);
	else
		set_state(&w, l,
		    strcmp(verb, "suspend") == 0 ? "suspended" : "active");
	check_directory(&w);
	printf("directory version %llu\n", (unsigned long long)w.version);
	free_world(&w);
	return 0;
}

/* sign OUTDIR KIND VERSION FILE SIGNATURES [OFFICER...] */
static int
command_sign(char **argv)
{
	struct bundle b = {
	    .kind = argv[1], .version = strtoull(argv[2], NULL, 10)};
	struct buf file = {0}, signatures = {0};

	must(file_read(argv[3], FILE_MAX_BYTES, &file), argv[3]);
	sha256(buf_span(&file), b.hash);
	if (argv[5] == NULL)
		for (size_t i = 0; i < BUNDLE_OFFICERS; i++)
			officer_sign(argv[0], officer_ids[i], &b, &signatures);
	for (char **id = argv + 5; *id != NULL; id++)
		officer_sign(argv[0], *id, &b, &signatures);
	must(file_write(argv[4], buf_span(&signatures), 0644), argv[4]);
	buf_free(&file);
	buf_free(&signatures);
	return 0;
}

static int
usage(void)
{
	fputs("usage: devpki PARTIES.tsv POLICY OUTDIR [--es256 PARTY]"
	      " [--expired PARTY]\n"
	      "	[--revoked PARTY] [--suspended PARTY] [--origin NAME]\n"
	      "       devpki revoke|suspend|resume|rekey OUTDIR PARTY\n"
	      "       devpki policy OUTDIR POLICY\n"
	      "       devpki sign OUTDIR KIND VERSION FILE SIGNATURES"
	      " [OFFICER...]\n",
	    stderr);
	return 2;
}

static bool
read_options(char **argv)
{
	static const char *const known[] = {
	    "--es256", "--expired", "--revoked", "--suspended", "--origin"};

	for (; *argv != NULL; argv += 2) {
		bool is_known = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known |= strcmp(known[i], *argv) == 0;
		if (!is_known || argv[1] == NULL || n_options == OPTIONS_MAX)
			return false;
		option_word[n_options] = argv[0];
		option_value[n_options++] = argv[1];
	}
	return true;
}

int
main(int argc, char **argv)
{
	static const char *const changes[] = {
	    "revoke", "suspend", "resume", "rekey"};

	if (sodium_init() < 0)
		die("no randomness");
	if (argc < 4)
		return usage();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (strcmp(argv[1], changes[i]) == 0)
			return argc == 4
				   ? command_change(argv[1], argv[2], argv[3])
				   : usage();
	if (strcmp(argv[1], "policy") == 0 && argc == 4) {
		sign_policy(argv[2], argv[3]);
		return 0;
	}
	if (strcmp(argv[1], "sign") == 0)
		return argc >= 7 ? command_sign(argv + 2) : usage();
	if (!read_options(argv + 4))
		return usage();
	return command_make(argv[1], argv[2], argv[3]);
}
