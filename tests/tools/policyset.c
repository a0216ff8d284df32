/*
 * What the policy permits, as sets, for tests/policy/compare:
 *
 *	policyset DIR ASK OUT
 *
 * ASK holds what to ask, one on a line: days, kinds (a body of each kind),
 * neighbours ("row side body", of the row's cells), row_data ("row data"),
 * data and procedures ("code row"). Of every row the kinds are tried with each
 * other for the row's data, and its neighbours with each other for all other
 * data; a pair that may ask is tried again with each of the row's procedures.
 * Into OUT go bodies and classes ("day row inquirer provider data"),
 * procedures ("day code data") and cells ("day cell body"); how many questions
 * there were at the table's grain is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"

#define CELLS_MOST 3 /* in a line */

struct line_of {
	char *cell[CELLS_MOST];
};
struct lines {
	struct line_of *v;
	size_t n;
};

/* What is asked of every row, and what for. */
struct asking {
	const struct policy *p;
	const char *date;
	uint32_t day;
	struct lines days, kinds, neighbours, row_data, data, procedure_list;
	uint64_t **class_has; /* by class, a bit for each kind */
	uint32_t *class_n;    /* kinds in it that day */
	uint64_t (*may)[64];  /* by kind that asks: kinds it may ask */
	FILE *bodies, *classes, *cells, *procedures;
	unsigned long long asked, refused;
};

static FILE *
file_open(const char *dir, const char *name, const char *mode)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, mode);
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static struct lines
lines_read(const char *dir, const char *name)
{
	struct lines l = {0};
	FILE *f = file_open(dir, name, "r");
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, f) > 0) {
		char *at = xstrdup(line);

		at[strcspn(at, "\n")] = '\0';
		if ((l.n & (l.n - 1)) == 0)
			l.v = xrealloc(l.v, (l.n ? 2 * l.n : 1) * sizeof(*l.v));
		l.v[l.n] = (struct line_of){0};
		for (size_t i = 0; i < CELLS_MOST && at != NULL; i++)
			l.v[l.n].cell[i] = strsep(&at, "\t");
		l.n++;
	}
	free(line);
	fclose(f);
	return l;
}

static bool
permits(const struct asking *a, const char *row, const char *procedure,
    const char *inquirer, const char *provider, const char *data)
{
	const struct policy_question q = {.inquirer = inquirer,
	    .inquirer_for = "",
	    .task = row,
	    .procedure = procedure,
	    .provider = provider,
	    .provider_for = "",
	    .data = &data,
	    .n_data = 1,
	    .day = a->day};
	struct policy_verdict v;

	return policy_decide(a->p, &q, &v) == OUTCOME_PERMITTED;
}

/* At the grain of the table, counted and told. */
static bool
pair_ask(struct asking *a, const char *row, const char *inquirer,
    const char *provider, const char *data)
{
	a->asked++;
	if (!permits(a, row, "", inquirer, provider, data)) {
		a->refused++;
		return false;
	}
	fprintf(a->bodies, "%s\t%s\t%s\t%s\t%s\n", a->date, row, inquirer,
	    provider, data);
	return true;
}

/* Which procedures of the row obtain the data for a pair that may ask. */
static void
procedures_ask(struct asking *a, const char *row, const char *inquirer,
    const char *provider, const char *data)
{
	for (size_t i = 0; i < a->procedure_list.n; i++) {
		char *const *x = a->procedure_list.v[i].cell;

		if (strcmp(x[1], row) == 0 &&
		    permits(a, row, x[0], inquirer, provider, data))
			fprintf(
			    a->procedures, "%s\t%s\t%s\n", a->date, x[0], data);
	}
}

static bool
class_names(const struct policy *p, uint32_t c, uint32_t body, uint32_t day)
{
	const struct policy_body *b = &p->body[body];
	const struct run *r = runs_find(&p->dated_runs, RUN_KEY(c, body));

	if (b->from > day || (b->until != 0 && b->until <= day))
		return false;
	for (uint32_t i = 0; r != NULL && i < r->n; i++)
		if (period_has(p->dated[r->at + i].from,
			p->dated[r->at + i].until, day))
			return true;
	return bits_has(p->class_[c].bits, body);
}

/* A cell or class of an ordinance's one body: not of the statute. */
static bool
an_ordinance(const char *code)
{
	return code[0] == '=';
}

/* Which kinds are in which class that day. */
static void
classes_fill(struct asking *a)
{
	for (uint32_t c = 1; c <= a->p->class_codes.n; c++) {
		memset(a->class_has[c], 0, sizeof(a->may[0]));
		a->class_n[c] = 0;
		if (an_ordinance(a->p->class_[c].code))
			continue;
		for (uint32_t k = 0; k < a->kinds.n; k++) {
			uint32_t body =
			    names_find(&a->p->codes, a->kinds.v[k].cell[0]);

			if (!class_names(a->p, c, body, a->day))
				continue;
			bits_set(a->class_has[c], k);
			a->class_n[c]++;
		}
	}
}

/* Whether every member of one class may ask every member of another. */
static bool
class_may(const struct asking *a, uint32_t asks, uint32_t answers)
{
	for (uint32_t i = 0; i < a->kinds.n; i++) {
		if (!bits_has(a->class_has[asks], i))
			continue;
		for (size_t w = 0; w < 64; w++)
			if (a->class_has[answers][w] & ~a->may[i][w])
				return false;
	}
	return a->class_n[asks] > 0 && a->class_n[answers] > 0;
}

static void
classes_tell(struct asking *a, const char *row, const char *data)
{
	uint32_t n = a->p->class_codes.n;

	for (uint32_t i = 1; i <= n; i++)
		for (uint32_t k = 1; k <= n; k++)
			if (class_may(a, i, k))
				fprintf(a->classes, "%s\t%s\t%s\t%s\t%s\n",
				    a->date, row, a->p->class_[i].code,
				    a->p->class_[k].code, data);
}

/* Every kind asks every kind for one of the row's data. */
static void
kinds_ask(struct asking *a, const char *row, const char *data)
{
	const char *asks = NULL, *answers = NULL;

	memset(a->may, 0, a->kinds.n * sizeof(*a->may));
	for (uint32_t i = 0; i < a->kinds.n; i++)
		for (uint32_t k = 0; k < a->kinds.n; k++) {
			const char *x = a->kinds.v[i].cell[0];
			const char *y = a->kinds.v[k].cell[0];

			if (!pair_ask(a, row, x, y, data))
				continue;
			bits_set(a->may[i], k);
			asks = x;
			answers = y;
		}
	if (asks == NULL)
		return;
	classes_tell(a, row, data);
	procedures_ask(a, row, asks, answers, data);
}

static bool
row_gives(const struct asking *a, const char *row, const char *data)
{
	for (size_t i = 0; i < a->row_data.n; i++)
		if (strcmp(a->row_data.v[i].cell[0], row) == 0 &&
		    strcmp(a->row_data.v[i].cell[1], data) == 0)
			return true;
	return false;
}

/* The neighbours of a row, lines [from, to), ask each other for this data. */
static void
neighbours_ask(struct asking *a, size_t from, size_t to, const char *data)
{
	for (size_t i = from; i < to; i++)
		for (size_t k = from; k < to; k++) {
			char *const *x = a->neighbours.v[i].cell;
			char *const *y = a->neighbours.v[k].cell;

			if (strcmp(x[1], "inquirer") == 0 &&
			    strcmp(y[1], "provider") == 0)
				pair_ask(a, x[0], x[2], y[2], data);
		}
}

/* Each row's neighbours stand together in the file. */
static void
rows_ask(struct asking *a)
{
	for (size_t from = 0, to; from < a->neighbours.n; from = to) {
		const char *row = a->neighbours.v[from].cell[0];

		for (to = from; to < a->neighbours.n; to++)
			if (strcmp(a->neighbours.v[to].cell[0], row) != 0)
				break;
		for (size_t i = 0; i < a->data.n; i++)
			if (!row_gives(a, row, a->data.v[i].cell[0]))
				neighbours_ask(
				    a, from, to, a->data.v[i].cell[0]);
	}
}

static void
cells_tell(struct asking *a)
{
	for (uint32_t c = 1; c <= a->p->cells.n; c++)
		for (uint32_t b = 1; b <= a->p->codes.n; b++)
			if (!an_ordinance(a->p->cell[c].text) &&
			    cell_names(a->p, c, b, a->day))
				fprintf(a->cells, "%s\t%s\t%s\n", a->date,
				    a->p->cell[c].text, a->p->body[b].code);
}

static void
day_ask(struct asking *a, size_t i)
{
	a->date = a->days.v[i].cell[0];
	a->day = policy_day_parse(a->date);
	if (i < 2 || i + 1 == a->days.n)
		cells_tell(a);
	classes_fill(a);
	for (size_t k = 0; k < a->row_data.n; k++)
		kinds_ask(
		    a, a->row_data.v[k].cell[0], a->row_data.v[k].cell[1]);
	rows_ask(a);
}

static void
asking_open(struct asking *a, const char *ask, const char *out)
{
	size_t n = a->p->class_codes.n + 1;

	a->days = lines_read(ask, "days");
	a->kinds = lines_read(ask, "kinds");
	a->neighbours = lines_read(ask, "neighbours");
	a->row_data = lines_read(ask, "row_data");
	a->data = lines_read(ask, "data");
	a->procedure_list = lines_read(ask, "procedures");
	if (a->kinds.n > 64 * 64) {
		fprintf(stderr, "policyset: too many kinds of bodies\n");
		exit(1);
	}
	a->may = xcalloc(a->kinds.n + 1, sizeof(*a->may));
	a->class_n = xcalloc(n, sizeof(*a->class_n));
	a->class_has = xcalloc(n, sizeof(*a->class_has));
	for (size_t c = 0; c < n; c++)
		a->class_has[c] = xcalloc(1, sizeof(*a->may));
	a->bodies = file_open(out, "bodies", "w");
	a->classes = file_open(out, "classes", "w");
	a->cells = file_open(out, "cells", "w");
	a->procedures = file_open(out, "procedures", "w");
}

int
main(int argc, char **argv)
{
	struct asking a = {0};
	struct policy *p;
	struct buf why = {0};

	if (argc != 4) {
		fprintf(stderr, "usage: policyset DIR ASK OUT\n");
		return 2;
	}
	if (policy_open(argv[1], &p, &why) != ERR_NONE) {
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
		return 1;
	}
	a.p = p;
	asking_open(&a, argv[2], argv[3]);
	for (size_t i = 0; i < a.days.n; i++)
		day_ask(&a, i);
	printf("%llu questions, %llu refused\n", a.asked, a.refused);
	policy_free(p);
	return ferror(a.bodies) || fclose(a.bodies) != 0 ||
	       fclose(a.classes) != 0 || fclose(a.cells) != 0 ||
	       fclose(a.procedures) != 0;
}
