/* A table for auditors: as text, CSV or JSON, in the reader's language. */
#ifndef AGENTS_CLI_AUDITTABLE_H
#define AGENTS_CLI_AUDITTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audit_column {
	const char *name;    /* in JSON; never changes meaning */
	const char *en, *ja; /* headings */
	bool number;
};

#define AUDIT_COLUMNS_MAX 16

/* Rows gathered before any is shown. All-zero but for its columns is empty. */
struct audit_table {
	const struct audit_column *columns;
	size_t n_columns;
	char **cell; /* n_columns a row */
	size_t n;
};

/* Append a row of n_columns cells; the texts are copied. */
void audittable_add(struct audit_table *t, const char *const *cells);
void audittable_free(struct audit_table *t);

enum audit_form { AUDIT_TEXT, AUDIT_CSV, AUDIT_JSON };
/*
 * Print it on stdout. AUDIT_CSV is RFC 4180 with headings; AUDIT_JSON is
 * {"name": name, "read": index of the read's own entry, "rows": [{...}]}.
 */
void audittable_print(const struct audit_table *t, enum audit_form form,
    const char *name, uint64_t read);

#endif
