/* Configuration files: sections, keys, and a table that says which exist. */
#ifndef LIB_CONFIG_H
#define LIB_CONFIG_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/fault.h"

/*
 * "[section]" or "[section name]" lines, "key = value" lines, comments from
 * '#' at the start of a line. Strict: what the table does not list, a key
 * twice, a value of the wrong kind or out of range, a missing required key
 * is ERR_CONFIG with file and line. There is no other way to set an option.
 */
enum config_kind {
	CONFIG_TEXT,	 /* min..max bytes (max 0: 255) */
	CONFIG_PATH,	 /* made absolute from the file's directory */
	CONFIG_NUMBER,	 /* min..max (max 0: UINT32_MAX) */
	CONFIG_BOOL,	 /* "yes" or "no" */
	CONFIG_ENDPOINT, /* tcp://HOST:PORT or ipc://PATH */
	CONFIG_ADDRESS,	 /* HOST:PORT, of an HTTP surface */
	CONFIG_PARTY	 /* a party code: a-z 0-9 -, at most 31 bytes */
};

enum config_count {
	CONFIG_ONE,	 /* exactly one [section], no name */
	CONFIG_OPTIONAL, /* at most one, no name */
	CONFIG_NAMED	 /* any number of [section name], names unlike */
};

struct config_section {
	const char *name;
	enum config_count count;
};

struct config_key {
	const char *section, *key;
	enum config_kind kind;
	bool required;
	const char *fallback; /* text as in a file; NULL: absent */
	uint64_t min, max;
	const char *meaning; /* one line for the reference */
};

/* What a program understands. */
struct config_form {
	const struct config_section *sections;
	size_t n_sections;
	const struct config_key *keys;
	size_t n_keys;
};

struct config;

/* *out is NULL on failure; the form must outlive it. */
enum err config_read(const char *path, const struct config_form *form,
    struct config **out, struct fault *f);
/* The same from memory; name stands for the file, paths are relative to it. */
enum err config_parse(const char *name, struct span text,
    const struct config_form *form, struct config **out, struct fault *f);
void config_free(struct config *c);

/* How many sections of this name the file has. */
size_t config_count(const struct config *c, const char *section);
/* The name of the i-th "[section name]"; borrowed. */
const char *config_name(const struct config *c, const char *section, size_t i);
/*
 * The value of a key in the i-th section of that name (0 for CONFIG_ONE), or
 * its fallback; NULL, 0 or false where there is neither. Asking for a key
 * that the form does not list, or as another kind, is our bug (asserted).
 * Texts, paths, endpoints and parties are all read by config_text; borrowed.
 */
const char *config_text(
    const struct config *c, const char *section, size_t i, const char *key);
uint64_t config_number(
    const struct config *c, const char *section, size_t i, const char *key);
bool config_bool(
    const struct config *c, const char *section, size_t i, const char *key);
/* The reference of a form: every section and key with its meaning. */
void config_reference(const struct config_form *form, struct buf *out);

#endif
