#include "agents/registrar/registrar_options.h"

#include <stddef.h>

#define SECTION "registrar"

/* clang-format off */
/* X(field, kind, max, meaning); all are required */
#define KEYS(X) \
	X(listen, CONFIG_ENDPOINT, 0, \
	    "where agencies send acquisition requests: tcp://HOST:PORT") \
	X(control, CONFIG_PATH, 100, "UNIX socket that tells its health") \
	X(broker, CONFIG_ENDPOINT, 0, "the broker: tcp://HOST:PORT") \
	X(broker_key, CONFIG_PATH, 0, "the broker's public CURVE key") \
	X(vault_seal_key, CONFIG_PATH, 0, "the vault's public sealing key") \
	X(keys, CONFIG_PATH, 0, \
	    "folder of the registrar's sign.key, seal.key and curve.key") \
	X(database, CONFIG_TEXT, 1023, "libpq connection") \
	X(directory, CONFIG_PATH, 0, "directory.tsv") \
	X(directory_signatures, CONFIG_PATH, 0, \
	    "officers' signatures over the directory") \
	X(officers, CONFIG_PATH, 0, "officers.tsv") \
	X(ca, CONFIG_PATH, 0, "the pinned CA, PEM") \
	X(crl, CONFIG_PATH, 0, "its revocation list, PEM")
/* clang-format on */

static const struct config_section sections[] = {{SECTION, CONFIG_ONE}};
static const struct config_key keys[] = {
#define KEY(name, kind, max, meaning) \
	{SECTION, #name, kind, true, NULL, 0, max, meaning},
    KEYS(KEY)
#undef KEY
};
const struct config_form registrar_form = {sections,
    sizeof(sections) / sizeof(sections[0]), keys,
    sizeof(keys) / sizeof(keys[0])};

enum err
registrar_options_read(const char *path, struct config **config,
    struct registrar_options *out, struct fault *f)
{
	enum err e = config_read(path, &registrar_form, config, f);

	if (e != ERR_NONE)
		return e;
#define READ(name, kind, max, meaning) \
	out->name = config_text(*config, SECTION, 0, #name);
	KEYS(READ)
#undef READ
	return ERR_NONE;
}
