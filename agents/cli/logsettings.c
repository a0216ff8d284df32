#include "agents/cli/logsettings.h"

#include "lib/file.h"
#include "lib/hex.h"

#include <stdio.h>
#include <string.h>

#define SECTION "log"

/* clang-format off */
/* X(field, kind, required, meaning) */
#define KEYS(X) \
	X(database, CONFIG_TEXT, true, "libpq connection of a role that reads") \
	X(log_key, CONFIG_PATH, true, "the log's verifier key") \
	X(endorse_key, CONFIG_PATH, false, \
	    "K_endorse, to tell whether a vault worker made each entry") \
	X(checkpoint, CONFIG_PATH, false, \
	    "where the signer lays its newest checkpoint")
/* clang-format on */

static const struct config_section sections[] = {{SECTION, CONFIG_ONE}};
static const struct config_key keys[] = {
#define KEY_ROW(field, kind, required, meaning)    \
	{SECTION, #field, kind, required, NULL, 0, \
	    kind == CONFIG_TEXT ? 1023 : 0, meaning},
    KEYS(KEY_ROW)
#undef KEY_ROW
};
const struct config_form logsettings_form = {
    sections, 1, keys, sizeof(keys) / sizeof(keys[0])};

static enum err
file_take(struct logsettings *s, char about[static 300])
{
	struct fault fault;
	enum err e =
	    config_read(s->config_file, &logsettings_form, &s->config, &fault);

	if (e != ERR_NONE) {
		fault_text(&fault, about, 200);
		return e;
	}
#define TAKE(field, kind, required, meaning) \
	if (s->field == NULL)                \
		s->field = config_text(s->config, SECTION, 0, #field);
	KEYS(TAKE)
#undef TAKE
	return ERR_NONE;
}

static enum err
log_key_read(struct logsettings *s)
{
	struct buf text = {0};
	enum err e = file_read(s->log_key, NOTE_KEY_TEXT_MAX, &text);

	buf_add_u8(&text, 0);
	if (e == ERR_NONE)
		e = note_key_parse((char *)text.p, &s->key);
	buf_free(&text);
	return e;
}

static enum err
endorse_key_read(struct logsettings *s)
{
	struct secret text;
	enum err e = secret_read(s->endorse_key, 128, &text);
	size_t n;

	if (e != ERR_NONE)
		return e;
	for (n = text.n; n > 0 && text.p[n - 1] <= ' ';)
		n--;
	s->endorse = secret_new(32);
	e = hex_decode(span_of(text.p, n), s->endorse.p, 32);
	secret_free(&text);
	return e;
}

enum err
logsettings_read(struct logsettings *s, char about[static 300])
{
	enum err e = ERR_NONE;

	about[0] = 0;
	if (s->config_file != NULL)
		e = file_take(s, about);
	if (e != ERR_NONE)
		return e;
	if (s->database == NULL || s->log_key == NULL) {
		snprintf(
		    about, 300, "--config FILE, or --database and --log-key");
		return ERR_USAGE;
	}
	snprintf(about, 300, "%s", s->log_key);
	e = log_key_read(s);
	if (e == ERR_NONE && s->endorse_key != NULL) {
		snprintf(about, 300, "%s", s->endorse_key);
		e = endorse_key_read(s);
	}
	return e;
}

void
logsettings_fini(struct logsettings *s)
{
	secret_free(&s->endorse);
	if (s->config != NULL)
		config_free(s->config);
}
