#include "lib/err.h"

#include <string.h>

static const struct {
	const char *code, *en, *ja;
} table[] = {
#define ERR_ROW(name, code, en, ja) {code, en, ja},
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

static enum err
known(enum err e)
{
	return (unsigned)e < ERR_COUNT ? e : ERR_INTERNAL;
}

const char *
err_code(enum err e)
{
	return table[known(e)].code;
}

const char *
err_sentence(enum err e)
{
	return table[known(e)].en;
}

const char *
err_sentence_ja(enum err e)
{
	return table[known(e)].ja;
}

enum err
err_from_code(const char *code)
{
	for (unsigned i = 0; i < ERR_COUNT; i++)
		if (strcmp(table[i].code, code) == 0)
			return (enum err)i;
	return ERR_INTERNAL;
}
