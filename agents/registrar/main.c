/* renkei-registrar: My Number to resident code, and codes on request. */
#include "agents/registrar/desk.h"
#include "agents/registrar/register.h"
#include "agents/registrar/synthetic.h"
#include "lib/crashpoint.h"
#include "lib/csv.h"
#include "lib/oplog.h"
#include "lib/secret.h"
#include "lib/text.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum { DONE = 0, FAILED = 1, USAGE = 2, NOT_FOUND = 4, UNAVAILABLE = 5 };

static int
usage(void)
{
	fprintf(stderr,
	    "usage / 使い方:\n"
	    "  renkei-registrar CONFIG               run / 起動\n"
	    "  renkei-registrar CONFIG import CSV    enter residents / "
	    "住民の登録\n"
	    "  renkei-registrar CONFIG change        change resident codes; "
	    "My\n"
	    "      Numbers on standard input / "
	    "住民票コードの変更（個人番号は標準入力から）\n"
	    "  renkei-registrar generate COUNT [SEED]\n"
	    "      synthetic residents as CSV / 架空の住民を CSV で出力\n"
	    "  renkei-registrar --reference          every configuration key / "
	    "設定項目の一覧\n");
	return USAGE;
}

static int
complain(const char *what, enum err e)
{
	fprintf(stderr, "renkei-registrar: %s%s%s (%s)\n  %s\n", what,
	    what[0] != '\0' ? ": " : "", err_sentence(e), err_code(e),
	    err_sentence_ja(e));
	return e == ERR_NOT_FOUND		       ? NOT_FOUND
	       : e == ERR_DATABASE || e == ERR_OFFLINE ? UNAVAILABLE
						       : FAILED;
}

static int
complain_fault(const struct fault *f, enum err e)
{
	char text[512];

	return complain(fault_text(f, text, sizeof(text)), e);
}

/* --- running --- */

static volatile sig_atomic_t ending;

static void
on_signal(int signo)
{
	ending = 1;
}

static void
signals_set(void)
{
	struct sigaction a = {.sa_handler = on_signal};

	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGINT, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int
run(const struct registrar_options *o)
{
	struct desk *d;

	if (crash_arm() != ERR_NONE)
		return complain("RENKEI_CRASH", ERR_CONFIG);
	if (process_harden(true) != ERR_NONE)
		return complain("", ERR_SYSTEM);
	signals_set();
	if (desk_open(o, &d) != ERR_NONE)
		return FAILED;
	oplog(OPLOG_INFO, "ready", LOG_TEXT("listen", o->listen));
	sd_notify(0, "READY=1");
	while (!ending)
		desk_turn(d, 250);
	desk_close(d);
	oplog(OPLOG_INFO, "stopped");
	return DONE;
}

/* --- commands on the database; the running registrar notices by itself --- */

static int
import(struct db *db, const char *path)
{
	struct fault f = {0};
	struct rows rows = {0};
	size_t n = 0;
	enum err e = csv_read(path, &rows, &f);

	if (e == ERR_NONE)
		e = register_import(db, &rows, &n, &f);
	rows_free(&rows);
	if (e != ERR_NONE)
		return complain_fault(&f, e);
	printf("%zu residents entered / %zu 人を登録しました\n", n, n);
	return DONE;
}

/* One My Number a line; never in argv, where other users could read it. */
static int
change(struct db *db)
{
	char line[64];
	unsigned number = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char where[32];
		enum err e;

		line[strcspn(line, "\r\n")] = '\0';
		number++;
		e = my_number_valid(line) ? register_change(db, line)
					  : ERR_MALFORMED;
		explicit_bzero(line, sizeof(line));
		snprintf(where, sizeof(where), "line %u", number);
		if (e != ERR_NONE)
			return complain(where, e);
	}
	printf("%u resident codes changed / 住民票コードを %u 件変更しました\n",
	    number, number);
	return DONE;
}

static int
command(const struct registrar_options *o, int argc, char **argv)
{
	struct db *db = NULL;
	enum err e;
	int status;

	if (!(argc == 2 && strcmp(argv[0], "import") == 0) &&
	    !(argc == 1 && strcmp(argv[0], "change") == 0))
		return usage();
	e = db_open(o->database, &db);
	if (e != ERR_NONE)
		return complain("database", e);
	status = argc == 2 ? import(db, argv[1]) : change(db);
	db_close(db);
	return status;
}

static int
generate(int argc, char **argv)
{
	uint64_t n, seed = 2026;
	struct buf out = {0};

	if (argc < 1 || argc > 2 ||
	    text_to_u64(argv[0], SYNTHETIC_MAX, &n) != ERR_NONE ||
	    (argc == 2 && text_to_u64(argv[1], UINT64_MAX, &seed) != ERR_NONE))
		return usage();
	synthetic_csv(seed, (unsigned)n, &out);
	fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
	return fflush(stdout) == 0 ? DONE : FAILED;
}

static int
reference(void)
{
	struct buf out = {0};

	config_reference(&registrar_form, &out);
	fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
	return DONE;
}

int
main(int argc, char **argv)
{
	struct registrar_options o;
	struct config *config = NULL;
	struct fault f = {0};
	enum err e;
	int status;

	oplog_open("renkei-registrar");
	if (sodium_init() < 0)
		return complain("sodium", ERR_SYSTEM);
	if (argc == 2 && strcmp(argv[1], "--reference") == 0)
		return reference();
	if (argc < 2 || argv[1][0] == '-')
		return usage();
	if (strcmp(argv[1], "generate") == 0)
		return generate(argc - 2, argv + 2);
	e = registrar_options_read(argv[1], &config, &o, &f);
	if (e != ERR_NONE)
		return complain_fault(&f, e);
	status = argc == 2 ? run(&o) : command(&o, argc - 2, argv + 2);
	config_free(config);
	return status;
}
