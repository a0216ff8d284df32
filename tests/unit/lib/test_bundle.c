/* lib/bundle.h: a file counts only with several officers' signatures. */
#include <stdlib.h>
#include <string.h>

#include "lib/b64.h"
#include "lib/bundle.h"
#include "lib/sha256.h"
#include "tests/unit/pki.h"
#include "tests/unit/suite.h"

#define NOW UINT64_C(1795392000000) /* 2026-11-23 */

static const struct span file = {(const uint8_t *)"# version 5\n", 12};

static struct bundle
the_bundle(void)
{
	struct bundle b = {.kind = "directory", .version = 5};

	sha256(file, b.hash);
	return b;
}

static enum err
check(struct pki *p, const struct buf *s, const struct bundle *b)
{
	return bundle_check(p->officers, b, buf_span(s), NOW, 2, NULL);
}

static void
enough(void)
{
	struct pki *p = pki_new(NOW);
	struct bundle b = the_bundle();

	for (unsigned n = 0; n <= PKI_OFFICERS; n++) {
		struct buf s = {0};

		pki_signatures(p, "directory", 5, file, n, &s);
		SUITE_ERR(check(p, &s, &b), n >= 2 ? ERR_NONE : ERR_SIGNATURE);
		buf_free(&s);
	}
	pki_free(p);
}

static void
something_else(void)
{
	struct pki *p = pki_new(NOW);
	struct buf s = {0};
	struct bundle b = the_bundle();

	pki_signatures(p, "directory", 5, file, 2, &s);
	b.version = 6;
	SUITE_ERR(check(p, &s, &b), ERR_SIGNATURE);
	b = the_bundle();
	b.kind = "policy";
	SUITE_ERR(check(p, &s, &b), ERR_SIGNATURE);
	b = the_bundle();
	b.hash[31] ^= 1;
	SUITE_ERR(check(p, &s, &b), ERR_SIGNATURE);
	buf_free(&s);
	pki_free(p);
}

static void
one_officer_twice(void)
{
	struct pki *p = pki_new(NOW);
	struct buf s = {0};
	struct fault f = {0};
	struct bundle b = the_bundle();

	pki_signatures(p, "directory", 5, file, 1, &s);
	pki_signatures(p, "directory", 5, file, 1, &s);
	SUITE_ERR(bundle_check(p->officers, &b, buf_span(&s), NOW, 2, &f),
	    ERR_DUPLICATE);
	CU_ASSERT_EQUAL(f.line, 2);
	/* officer-1's signature under another's name */
	buf_reset(&s);
	SUITE_ERR(bundle_sign(&b, "officer-1", p->officer[0], &s), ERR_NONE);
	SUITE_ERR(bundle_sign(&b, "officer-2", p->officer[0], &s), ERR_NONE);
	SUITE_ERR(check(p, &s, &b), ERR_SIGNATURE);
	buf_free(&s);
	pki_free(p);
}

static void
a_stranger(void)
{
	struct pki *p = pki_new(NOW);
	struct buf s = {0};
	struct signkey *k = NULL;
	struct bundle b = the_bundle();

	pki_signatures(p, "directory", 5, file, 2, &s);
	SUITE_ERR(bundle_sign(&b, "officer-9", p->officer[2], &s), ERR_NONE);
	SUITE_ERR(check(p, &s, &b), ERR_KEY);
	SUITE_ERR(signkey_generate(SIGN_ES256, &k), ERR_NONE);
	SUITE_ERR(bundle_sign(&b, "officer-1", k, &s), ERR_KEY);
	signkey_free(k);
	buf_free(&s);
	pki_free(p);
}

static void
broken_lines(void)
{
	static const char *const bad[] = {"x\n", "\n", "officer-3\t\n",
	    "\tAAAA\n", "officer-3 AAAA\n", "officer-3\tAAAA",
	    "0123456789012345678901234567890123456789\tAAAA\n"};
	struct pki *p = pki_new(NOW);
	struct bundle b = the_bundle();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf s = {0};

		pki_signatures(p, "directory", 5, file, 2, &s);
		buf_printf(&s, "%s", bad[i]);
		SUITE_ERR(check(p, &s, &b), ERR_LINE);
		buf_free(&s);
	}
	pki_free(p);
}

/* Registers: one made of two lines, with these days for the second. */
static enum err
register_of(const struct pki *p, const char *from, const char *until,
    unsigned key, struct officers **out)
{
	struct buf t = {0};
	enum err e;

	buf_printf(&t, "officer\tname\tkey\tfrom\tuntil\nofficer-1\tA\t");
	b64_encode(verifykey_raw(signkey_public(p->officer[0])), &t);
	buf_printf(&t, "\t2026-04-01\t\nofficer-2\tB\t");
	b64_encode(verifykey_raw(signkey_public(p->officer[key])), &t);
	buf_printf(&t, "\t%s\t%s\n", from, until);
	e = officers_parse("officers.tsv", buf_span(&t), out, NULL);
	buf_free(&t);
	return e;
}

static void
in_office(void)
{
	static const struct {
		const char *from, *until;
		enum err want;
	} days[] = {
	    {"2026-04-01", "", ERR_NONE},
	    {"2026-11-23", "2026-11-24", ERR_NONE},
	    {"2026-11-24", "", ERR_KEY},
	    {"2026-04-01", "2026-11-23", ERR_KEY},
	};
	struct pki *p = pki_new(NOW);
	struct bundle b = the_bundle();
	struct buf s = {0};

	pki_signatures(p, "directory", 5, file, 2, &s);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct officers *o;

		SUITE_ERR(register_of(p, days[i].from, days[i].until, 1, &o),
		    ERR_NONE);
		SUITE_ERR(bundle_check(o, &b, buf_span(&s), NOW, 2, NULL),
		    days[i].want);
		officers_free(o);
	}
	buf_free(&s);
	pki_free(p);
}

static void
bad_register(void)
{
	struct pki *p = pki_new(NOW);
	struct officers *o;

	/* one person's key under two names would sign as two */
	SUITE_ERR(register_of(p, "2026-04-01", "", 0, &o), ERR_DUPLICATE);
	CU_ASSERT_PTR_NULL(o);
	SUITE_ERR(register_of(p, "2026-04-31", "", 1, &o), ERR_LINE);
	SUITE_ERR(register_of(p, "2026-04-02", "2026-04-02", 1, &o), ERR_LINE);
	SUITE_ERR(officers_parse("o", span_str("officer\tkey\n"), &o, NULL),
	    ERR_LINE);
	SUITE_ERR(officers_open("/nowhere", &o, NULL), ERR_FILE);
	pki_free(p);
}

static const struct suite_case cases[] = {
    {"needs two officers, and takes three", enough},
    {"refuses signatures over another file, version or kind", something_else},
    {"counts an officer once, under their own name", one_officer_twice},
    {"refuses an officer nobody knows", a_stranger},
    {"refuses every line that is not of the form", broken_lines},
    {"counts officers only while they are in office", in_office},
    {"refuses a register with two names for one key", bad_register},
};
SUITE("bundle", cases)
