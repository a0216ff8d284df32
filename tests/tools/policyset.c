/*
 * What the policy permits among the neighbours of each row, as lines
 * "day row inquirer provider data": for tests/policy/compare.
 *
 *	policyset DIR NEIGHBOURS DATA DAY...
 *
 * NEIGHBOURS has lines "row side body", DATA one data name a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

struct lines {
	char *text;
	char **v;
	size_t n;
};

static struct lines
lines_read(const char *path)
{
	struct lines l = {0};
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while (getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if ((l.n & (l.n - 1)) == 0)
			l.v = xrealloc(l.v, (l.n ? 2 * l.n : 1) * sizeof(*l.v));
		l.v[l.n++] = xstrdup(line);
	}
	free(line);
	fclose(f);
	return l;
}

/* Cut "row side body" at its tabs. */
struct neighbour {
	const char *row, *side, *body;
};

static struct neighbour *
neighbours_cut(struct lines *l)
{
	struct neighbour *v = xcalloc(l->n + 1, sizeof(*v));

	for (size_t i = 0; i < l->n; i++) {
		char *at = l->v[i];

		v[i].row = strsep(&at, "\t");
		v[i].side = strsep(&at, "\t");
		v[i].body = at == NULL ? "" : at;
	}
	return v;
}

static void
pair_ask(const struct policy *p, const char *date, const struct neighbour *a,
    const struct neighbour *b, const struct lines *data)
{
	struct policy_question q = {.inquirer = a->body,
	    .inquirer_for = "",
	    .task = a->row,
	    .procedure = "",
	    .provider = b->body,
	    .provider_for = "",
	    .n_data = 1,
	    .day = policy_day_parse(date)};

	for (size_t i = 0; i < data->n; i++) {
		const char *name = data->v[i];
		struct policy_verdict v;

		q.data = &name;
		if (policy_decide(p, &q, &v) == OUTCOME_PERMITTED)
			printf("%s\t%s\t%s\t%s\t%s\n", date, a->row, a->body,
			    b->body, name);
	}
}

/* Every inquirer of a row with every provider of the same row. */
static void
day_ask(const struct policy *p, const char *date, const struct neighbour *v,
    size_t n, const struct lines *data)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (strcmp(v[i].side, "inquirer") == 0 &&
			    strcmp(v[k].side, "provider") == 0 &&
			    strcmp(v[i].row, v[k].row) == 0)
				pair_ask(p, date, &v[i], &v[k], data);
}

int
main(int argc, char **argv)
{
	struct lines neighbours, data;
	struct neighbour *v;
	struct policy *p;
	struct buf why = {0};

	if (argc < 5) {
		fprintf(stderr, "policyset DIR NEIGHBOURS DATA DAY...\n");
		return 2;
	}
	if (policy_open(argv[1], &p, &why) != ERR_NONE) {
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
		return 1;
	}
	neighbours = lines_read(argv[2]);
	data = lines_read(argv[3]);
	v = neighbours_cut(&neighbours);
	for (int i = 4; i < argc; i++)
		day_ask(p, argv[i], v, neighbours.n, &data);
	policy_free(p);
	return 0;
}
