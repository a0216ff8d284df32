/* lib/oplog.h: what a line of the operators' log may and may not hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/oplog.h"
#include "tests/unit/suite.h"

/* Standard error goes to a file while a test listens. */
static FILE *heard;
static int saved;

static void
listen_begin(void)
{
	heard = tmpfile();
	CU_ASSERT_PTR_NOT_NULL_FATAL(heard);
	saved = dup(STDERR_FILENO);
	dup2(fileno(heard), STDERR_FILENO);
}

static void
listen_end(char *out, size_t n)
{
	size_t got;

	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(heard);
	got = fread(out, 1, n - 1, heard);
	out[got] = '\0';
	fclose(heard);
}

/* What a line says after time, level and program. */
static const char *
said(const char *line, const char *level)
{
	char want[60];

	snprintf(want, sizeof(want), " %s tests ", level);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(line, want));
	return strstr(line, want) + strlen(want);
}

static void
plain(void)
{
	static const uint8_t id[16] = {1};
	char line[600];

	oplog_open("tests");
	listen_begin();
	oplog(OPLOG_WARN, "frame-refused", LOG_TEXT("party", "141003"),
	    LOG_ERR(ERR_SIGNATURE), LOG_NUMBER("size", 300),
	    LOG_ID("exchange", id));
	listen_end(line, sizeof(line));
	CU_ASSERT_STRING_EQUAL(said(line, "warn"),
	    "frame-refused party=141003 error=bad-signature size=300"
	    " exchange=01000000-0000-0000-0000-000000000000\n");
}

static void
hostile_values(void)
{
	char line[900], longer[400];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[399] = '\0';
	listen_begin();
	oplog(OPLOG_ERROR, "hostile", LOG_TEXT("a", "x\nerror tests fake"),
	    LOG_TEXT("b", "say \"hi\"\\"), LOG_TEXT("c", "\xff\x1b[2J"),
	    LOG_TEXT("d", ""));
	oplog(OPLOG_ERROR, "long", LOG_TEXT("x", longer));
	listen_end(line, sizeof(line));
	CU_ASSERT_PTR_NOT_NULL(strstr(line,
	    "hostile a=\"x?error tests fake\" b=\"say \\\"hi\\\"\\\\\""
	    " c=??[2J d=\"\"\n"));
	CU_ASSERT(strlen(line) < 500);
}

static void
numbers_of_people(void)
{
	char line[600];

	listen_begin();
	oplog(OPLOG_ERROR, "numbers", LOG_TEXT("a", "123456789018"),
	    LOG_TEXT("b", "１２３４　５６７８　９０１８"));
	listen_end(line, sizeof(line));
	CU_ASSERT_STRING_EQUAL(
	    said(line, "error"), "numbers a=[digits] b=[digits]\n");
}

static void
levels(void)
{
	char line[600];

	listen_begin();
	oplog(OPLOG_DEBUG, "not-yet");
	oplog_level(OPLOG_DEBUG);
	oplog(OPLOG_DEBUG, "now");
	oplog_level(OPLOG_INFO);
	listen_end(line, sizeof(line));
	CU_ASSERT_PTR_NULL(strstr(line, "not-yet"));
	CU_ASSERT_STRING_EQUAL(said(line, "debug"), "now\n");
}

static void
rate(void)
{
	static char text[20000];
	unsigned lines = 0;

	listen_begin();
	for (int i = 0; i < 500; i++)
		oplog(OPLOG_ERROR, "flood");
	oplog(OPLOG_ERROR, "another");
	usleep(250000);
	oplog(OPLOG_ERROR, "flood");
	listen_end(text, sizeof(text));
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	CU_ASSERT(lines >= OPLOG_BURST + 2 && lines < OPLOG_BURST + 10);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "another\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "flood held-back=4"));
}

static const struct suite_case cases[] = {
    {"writes an event with its fields on one line", plain},
    {"keeps a hostile value inside its field", hostile_values},
    {"never writes twelve digits", numbers_of_people},
    {"leaves out what is below the level", levels},
    {"holds back a flood, and says so", rate},
};

SUITE("oplog", cases)
