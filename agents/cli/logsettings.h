/* What `renkei log` is told: where the log is and which keys vouch for it. */
#ifndef AGENTS_CLI_LOGSETTINGS_H
#define AGENTS_CLI_LOGSETTINGS_H

#include "lib/config.h"
#include "lib/note.h"
#include "lib/secret.h"

/*
 * From log.conf ([log] database, log_key, endorse_key, checkpoint) and the
 * options of the command line, which go before it.
 */
struct logsettings {
	const char *config_file, *database, *log_key, *endorse_key, *checkpoint;
	struct config *config; /* owns what it told */
	struct note_key key;
	struct secret endorse; /* empty without endorse_key */
};

extern const struct config_form logsettings_form;

/*
 * Fill in from the file what the command line did not say, and read the keys.
 * `about` (300 bytes) gets what to name in a complaint. ERR_USAGE without a
 * database or log key; ERR_CONFIG, ERR_FILE, ERR_MALFORMED.
 */
enum err logsettings_read(struct logsettings *s, char about[static 300]);
void logsettings_fini(struct logsettings *s);

#endif
