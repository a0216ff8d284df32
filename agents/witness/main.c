/* renkei-witness: remembers a log's newest checkpoint and cosigns the next. */
#include "agents/witness/http.h"
#include "agents/witness/witness.h"
#include "lib/config.h"
#include "lib/file.h"
#include "lib/oplog.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };

static const struct config_section sections[] = {
    {"witness", CONFIG_ONE}, {"log", CONFIG_NAMED}};
static const struct config_key keys[] = {
    {"witness", "listen", CONFIG_ADDRESS, true, NULL, 0, 0,
	"HOST:PORT of its HTTP surface"},
    {"witness", "key", CONFIG_PATH, true, NULL, 0, 0,
	"its cosigning key, as new-key makes it"},
    {"witness", "state", CONFIG_PATH, true, NULL, 0, 0,
	"folder of the newest checkpoints it cosigned"},
    {"log", "log_key", CONFIG_PATH, true, NULL, 0, 0,
	"verifier key of a log it watches"}};
static const struct config_form form = {sections,
    sizeof(sections) / sizeof(sections[0]), keys,
    sizeof(keys) / sizeof(keys[0])};

static int
usage(void)
{
	fprintf(stderr,
	    "usage / 使い方:\n"
	    "  renkei-witness CONFIG             run / 起動\n"
	    "  renkei-witness new-key NAME FILE  make a key, print its public "
	    "half / 鍵の作成\n"
	    "  renkei-witness --reference        every configuration key / "
	    "設定項目の一覧\n");
	return USAGE;
}

static int
complain(const char *what, enum err e)
{
	fprintf(stderr, "renkei-witness: %s: %s (%s)\n  %s\n", what,
	    err_sentence(e), err_code(e), err_sentence_ja(e));
	return FAILED;
}

static int
new_key(const char *name, const char *file)
{
	struct note_signer s;
	char text[NOTE_KEY_TEXT_MAX];
	struct secret seed = secret_random(32);
	enum err e = note_signer_make(name, NOTE_COSIGNATURE, seed.p, &s);

	secret_free(&seed);
	if (e != ERR_NONE)
		return complain(name, e);
	note_signer_format(&s, text);
	e = file_write(file, span_str(text), 0600);
	explicit_bzero(text, sizeof(text));
	if (e == ERR_NONE) {
		note_key_format(&s.key, text);
		printf("%s\n", text);
	}
	note_signer_fini(&s);
	return e == ERR_NONE ? DONE : complain(file, e);
}

static enum err
logs_watch(struct witness *w, const struct config *c)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < config_count(c, "log"); i++) {
		const char *file = config_text(c, "log", i, "log_key");
		struct buf text = {0};
		struct note_key key;

		e = file_read(file, NOTE_KEY_TEXT_MAX, &text);
		buf_add_u8(&text, 0);
		if (e == ERR_NONE)
			e = note_key_parse((char *)text.p, &key);
		if (e == ERR_NONE)
			e = witness_watch(w, &key);
		buf_free(&text);
		if (e != ERR_NONE)
			complain(file, e);
		else
			oplog(OPLOG_INFO, "watching",
			    LOG_TEXT("origin", key.name),
			    LOG_NUMBER(
				"size", w->log[w->n_logs - 1].latest.size));
	}
	return e;
}

static void
ready(void)
{
	oplog(OPLOG_INFO, "ready");
	sd_notify(0, "READY=1");
}

static int
run(const struct config *c)
{
	static struct witness w;
	const char *state = config_text(c, "witness", 0, "state");
	const char *key = config_text(c, "witness", 0, "key");
	const char *listen = config_text(c, "witness", 0, "listen");
	enum err e = process_harden(true);

	if (e == ERR_NONE)
		e = witness_open(state, key, &w);
	if (e != ERR_NONE)
		complain(state, e);
	else if ((e = logs_watch(&w, c)) == ERR_NONE) {
		e = http_serve(&w, listen, ready);
		if (e != ERR_NONE)
			complain(listen, e);
	}
	witness_close(&w);
	return e == ERR_NONE ? DONE : FAILED;
}

int
main(int argc, char **argv)
{
	struct config *c = NULL;
	struct fault f = {0};
	char text[512];
	int status;
	enum err e;

	if (sodium_init() < 0)
		return complain("", ERR_SYSTEM);
	oplog_open("renkei-witness");
	if (argc == 4 && strcmp(argv[1], "new-key") == 0)
		return new_key(argv[2], argv[3]);
	if (argc == 2 && strcmp(argv[1], "--reference") == 0) {
		struct buf out = {0};

		config_reference(&form, &out);
		fwrite(out.p, 1, out.n, stdout);
		buf_free(&out);
		return DONE;
	}
	if (argc != 2 || argv[1][0] == '-')
		return usage();
	e = config_read(argv[1], &form, &c, &f);
	if (e != ERR_NONE)
		return complain(fault_text(&f, text, sizeof(text)), e);
	status = run(c);
	config_free(c);
	return status;
}
