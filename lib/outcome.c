#include "lib/outcome.h"

#include <stddef.h>

static const struct row {
	unsigned number;
	const char *code, *en, *ja;
} table[] = {
#define OUTCOME_ROW(name, number, code, en, ja) {number, code, en, ja},
    OUTCOME_TABLE(OUTCOME_ROW)
#undef OUTCOME_ROW
};

static const struct row *
row_find(unsigned number)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

static const struct row *
row_of(enum outcome o)
{
	const struct row *r = row_find((unsigned)o);

	return r != NULL ? r : &table[0];
}

const char *
outcome_code(enum outcome o)
{
	return row_of(o)->code;
}

const char *
outcome_sentence(enum outcome o)
{
	return row_of(o)->en;
}

const char *
outcome_sentence_ja(enum outcome o)
{
	return row_of(o)->ja;
}

int
outcome_known(unsigned number)
{
	return row_find(number) != NULL;
}
