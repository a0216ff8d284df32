/* lib/config.h: what a configuration may say, and where it is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/config.h"
#include "tests/unit/suite.h"

static const struct config_section sections[] = {
    {"host", CONFIG_ONE},
    {"web", CONFIG_OPTIONAL},
    {"agency", CONFIG_NAMED},
};
static const struct config_key keys[] = {
    {"host", "broker", CONFIG_ENDPOINT, true, NULL, 0, 0, "where it is"},
    {"host", "workers", CONFIG_NUMBER, false, "2", 1, 64, "how many"},
    {"host", "state", CONFIG_PATH, false, NULL, 0, 0, "where to keep"},
    {"host", "quiet", CONFIG_BOOL, false, "no", 0, 0, "say less"},
    {"host", "title", CONFIG_TEXT, false, NULL, 1, 10, "as shown"},
    {"web", "listen", CONFIG_ADDRESS, false, "127.0.0.1:80", 0, 0, "HTTP"},
    {"agency", "keys", CONFIG_PATH, true, NULL, 0, 0, "its keys"},
    {"agency", "parent", CONFIG_PARTY, false, NULL, 0, 0, "whose it is"},
};
static const struct config_form form = {sections,
    sizeof(sections) / sizeof(sections[0]), keys,
    sizeof(keys) / sizeof(keys[0])};

static struct config *
good(const char *text)
{
	struct config *c;
	struct fault f;

	SUITE_ERR(config_parse("/etc/x.conf", span_str(text), &form, &c, &f),
	    ERR_NONE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

/* Refused in this line, with these words in the message. */
static void
bad(const char *text, unsigned line, const char *words)
{
	struct config *c;
	struct fault f = {0};

	SUITE_ERR(
	    config_parse("x.conf", span_str(text), &form, &c, &f), ERR_CONFIG);
	CU_ASSERT_PTR_NULL(c);
	CU_ASSERT_EQUAL(f.line, line);
	if (strstr(f.what, words) == NULL) {
		CU_FAIL("other words");
		fprintf(stderr, "got: %s\n", f.what);
	}
}

#define HOST "[host]\nbroker = tcp://127.0.0.1:5000\n"

static void
whole_file(void)
{
	struct config *c =
	    good("# a comment\n\n" HOST
		 "  workers=7\n\tstate = sub/dir  \nquiet = yes\n"
		 "[agency 141003]\nkeys = /k/1\nparent = nenkin\n"
		 "[agency kyokai]\nkeys = k2");

	CU_ASSERT_STRING_EQUAL(
	    config_text(c, "host", 0, "broker"), "tcp://127.0.0.1:5000");
	CU_ASSERT_EQUAL(config_number(c, "host", 0, "workers"), 7);
	CU_ASSERT_STRING_EQUAL(
	    config_text(c, "host", 0, "state"), "/etc/sub/dir");
	CU_ASSERT(config_bool(c, "host", 0, "quiet"));
	CU_ASSERT_EQUAL(config_count(c, "agency"), 2);
	CU_ASSERT_STRING_EQUAL(config_name(c, "agency", 1), "kyokai");
	CU_ASSERT_STRING_EQUAL(config_text(c, "agency", 0, "keys"), "/k/1");
	CU_ASSERT_STRING_EQUAL(config_text(c, "agency", 1, "keys"), "/etc/k2");
	CU_ASSERT_STRING_EQUAL(config_text(c, "agency", 0, "parent"), "nenkin");
	CU_ASSERT_PTR_NULL(config_text(c, "agency", 1, "parent"));
	config_free(c);
}

static void
fallbacks(void)
{
	struct config *c = good(HOST);

	CU_ASSERT_EQUAL(config_number(c, "host", 0, "workers"), 2);
	CU_ASSERT_FALSE(config_bool(c, "host", 0, "quiet"));
	CU_ASSERT_PTR_NULL(config_text(c, "host", 0, "state"));
	CU_ASSERT_EQUAL(config_count(c, "web"), 0);
	CU_ASSERT_STRING_EQUAL(
	    config_text(c, "web", 0, "listen"), "127.0.0.1:80");
	config_free(c);
}

static void
unknown(void)
{
	bad(HOST "wrokers = 2\n", 3, "unknown key wrokers in [host]");
	bad(HOST "keys = /x\n", 3, "unknown key keys");
	bad(HOST "[hots]\n", 3, "unknown section [hots]");
	bad("broker = tcp://a:1\n", 1, "before any section");
}

static void
twice(void)
{
	bad(HOST "workers = 1\nworkers = 2\n", 4, "workers twice");
	bad(HOST "[host]\n", 3, "[host] twice, first in line 1");
	bad(HOST "[agency a]\nkeys = x\n[agency a]\nkeys = y\n", 5,
	    "[agency a] twice, first in line 3");
}

static void
missing(void)
{
	bad("", 0, "no section [host]");
	bad("[host]\nworkers = 2\n", 1, "[host] lacks broker");
	bad(HOST "[agency a]\n", 3, "[agency] lacks keys");
}

static void
names(void)
{
	bad(HOST "[agency]\n", 3, "needs a name");
	bad("[host x]\n", 1, "takes no name");
	bad(HOST "[agency \n", 3, "without its ]");
	bad(HOST "[agency ]\n", 3, "not a section's name");
	bad(HOST "[]\n", 3, "unknown section");
}

static void
values(void)
{
	bad(HOST "workers = 0\n", 3, "from 1 to 64");
	bad(HOST "workers = 65\n", 3, "from 1 to 64");
	bad(HOST "workers = two\n", 3, "from 1 to 64");
	bad(HOST "workers =\n", 3, "from 1 to 64");
	bad(HOST "quiet = true\n", 3, "neither yes nor no");
	bad(HOST "title =\n", 3, "0 bytes where 1 to 10");
	bad(HOST "title = 12345678901\n", 3, "11 bytes");
	bad(HOST "state =\n", 3, "not a path");
	bad(HOST "[web]\nlisten = 80\n", 4, "not HOST:PORT");
	bad(HOST "[web]\nlisten = a:65536\n", 4, "not HOST:PORT");
	bad("[host]\nbroker = http://x:1\n", 2, "tcp://HOST:PORT");
	bad("[host]\nbroker = tcp://x\n", 2, "tcp://HOST:PORT");
	bad(HOST "[agency a]\nkeys = x\nparent = Not\n", 5, "not a party code");
}

static void
lines(void)
{
	bad(HOST "workers\n", 3, "neither a section nor key");
	bad(HOST "= 3\n", 3, "neither a section nor key");
	bad("[host]\r\n", 1, "carriage return");
	bad("[host]\n\xff = 1\n", 2, "not UTF-8");
}

static void
files(void)
{
	struct config *c;
	struct fault f;
	char text[500];

	SUITE_ERR(config_read("no/such.conf", &form, &c, &f), ERR_FILE);
	CU_ASSERT_PTR_NULL(c);
	CU_ASSERT_STRING_EQUAL(fault_text(&f, text, sizeof(text)),
	    "no/such.conf: No such file or directory");
	SUITE_ERR(config_read("lib", &form, &c, &f), ERR_FILE);
	SUITE_ERR(config_read("Makefile", &form, &c, &f), ERR_CONFIG);
}

static void
relative(void)
{
	struct config *c;
	struct fault f;
	char cwd[4096], want[5000];

	SUITE_ERR(config_parse("conf/x.conf", span_str(HOST "state = s\n"),
		      &form, &c, &f),
	    ERR_NONE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(cwd, sizeof(cwd)));
	snprintf(want, sizeof(want), "%s/conf/s", cwd);
	CU_ASSERT_STRING_EQUAL(config_text(c, "host", 0, "state"), want);
	config_free(c);
}

static void
reference(void)
{
	struct buf b = {0};

	config_reference(&form, &b);
	buf_add_u8(&b, 0);
	for (size_t i = 0; i < form.n_keys; i++)
		CU_ASSERT_PTR_NOT_NULL(
		    strstr((const char *)b.p, keys[i].meaning));
	CU_ASSERT_PTR_NOT_NULL(strstr((const char *)b.p,
	    "workers (number from 1 to 64, 2 if not given): how many\n"));
	buf_free(&b);
}

static const struct suite_case cases[] = {
    {"reads sections, names and values", whole_file},
    {"falls back where nothing is given", fallbacks},
    {"refuses a misspelt key or section with its line", unknown},
    {"refuses the same thing twice", twice},
    {"refuses a file that lacks something", missing},
    {"refuses a section with a name it should not have, or none", names},
    {"refuses values of the wrong kind or range", values},
    {"refuses lines of no form", lines},
    {"says why a file cannot be read", files},
    {"takes a path from where the file lies", relative},
    {"describes every key", reference},
};

SUITE("config", cases)
