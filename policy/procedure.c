/* Procedures (事務手続): their codes, and the data each one's words allow. */
#include "policy/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/phrase.h"

#define DEPTH_MOST 4 /* references to references */

/* While procedures are loaded. */
struct minting {
	uint32_t text, row, since, procedure;
};
struct mapping {
	uint32_t phrase, row; /* row 0: every row */
	uint32_t *data, n;
	unsigned line;
	bool used;
};
struct making {
	struct load *l;
	struct minting *minting; /* sorted by text, row, since */
	uint32_t n_minting;
	struct runs mintings; /* text, row -> minting[] */
	struct mapping *pass[2];
	uint32_t n_pass[2];
	struct runs passes[2]; /* phrase, row -> pass[] */
	struct runs row_lines; /* 0, row -> line[] */
};

static void
minting_add(struct making *m, struct minting x)
{
	m->minting = load_more(m->minting, m->n_minting, sizeof(*m->minting));
	m->minting[m->n_minting++] = x;
}

static void
code_add(struct making *m, struct sheet *s)
{
	struct load *l = m->l;
	struct policy *p = l->p;
	uint32_t before = p->procedures.n, number;
	struct minting x = {.row = names_find(&p->rows, s->cell[1]),
	    .since = policy_day_parse(s->cell[2]),
	    .text = names_put(&p->texts, s->cell[3])};

	if (x.row == 0 || x.since == 0) {
		sheet_fault(s, "no such %s", x.row == 0 ? "row" : "day");
		return;
	}
	number = names_put(&p->procedures, s->cell[0]);
	if (number <= before || strlen(s->cell[0]) > 31) {
		sheet_fault(s, "not a code of its own: %s", s->cell[0]);
		return;
	}
	p->procedure = load_more(p->procedure, number, sizeof(*p->procedure));
	p->procedure[number] =
	    (struct procedure){.code = names_text(&p->procedures, number),
		.row = x.row,
		.first = UINT32_MAX,
		.line = s->line};
	x.procedure = number;
	minting_add(m, x);
}

static void
rename_add(struct making *m, struct sheet *s)
{
	struct policy *p = m->l->p;
	struct minting x = {.procedure = names_find(&p->procedures, s->cell[0]),
	    .since = policy_day_parse(s->cell[1]),
	    .text = names_put(&p->texts, s->cell[2])};

	if (x.procedure == 0 || x.since == 0)
		sheet_fault(s, "no such %s", x.since ? "procedure" : "day");
	else if (*s->cell[3] == '\0')
		sheet_fault(s, "a change of text without a reason");
	else {
		x.row = p->procedure[x.procedure].row;
		minting_add(m, x);
	}
}

static int
minting_order(const void *a, const void *b)
{
	const struct minting *x = a, *y = b;

	if (x->text != y->text)
		return x->text < y->text ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->since > y->since) - (x->since < y->since);
}

static void
mintings_index(struct making *m)
{
	qsort(m->minting, m->n_minting, sizeof(*m->minting), minting_order);
	for (uint32_t i = 0; i < m->n_minting; i++) {
		const struct minting *x = &m->minting[i];
		struct run *r =
		    runs_add(&m->mintings, RUN_KEY(x->text, x->row));

		if (r->n++ == 0)
			r->at = i;
		else if (x[-1].since == x->since) {
			buf_printf(m->l->why,
			    "procedures.tsv:%u: the same text twice\n",
			    m->l->p->procedure[x->procedure].line);
			m->l->faults++;
		}
	}
}

static void
codes_load(struct making *m)
{
	struct sheet s;

	load_open(m->l, "procedures.tsv", "code\trow\tsince\tprocedure", &s);
	while (sheet_next(&s))
		code_add(m, &s);
	sheet_close(&s);
	load_open(
	    m->l, "procedure_renames.tsv", "code\tsince\tprocedure\twhy", &s);
	while (sheet_next(&s))
		rename_add(m, &s);
	sheet_close(&s);
	mintings_index(m);
}

/* The code a text of a row bears from that day: the latest minted by then. */
static uint32_t
code_of(const struct making *m, uint32_t text, uint32_t row, uint32_t day)
{
	const struct run *r = runs_find(&m->mintings, RUN_KEY(text, row));
	uint32_t found = 0;

	for (uint32_t i = 0; r != NULL && i < r->n; i++)
		if (m->minting[r->at + i].since <= day)
			found = m->minting[r->at + i].procedure;
	return found;
}

/* "A|B" or "-" as data numbers, sorted; false after telling a fault. */
static bool
data_list(struct making *m, struct sheet *s, struct mapping *x)
{
	struct policy *p = m->l->p;
	char *names = xstrdup(s->cell[2]), *save = NULL;
	bool ok = true;

	if (strcmp(names, "-") == 0)
		*names = '\0';
	else if (*names == '\0')
		ok = false;
	for (char *w = strtok_r(names, "|", &save); w != NULL;
	     w = strtok_r(NULL, "|", &save)) {
		uint32_t data = names_find(&p->data, w);

		if (data == 0) {
			sheet_fault(s, "no such data: %s", w);
			ok = false;
			continue;
		}
		x->data = load_more(x->data, x->n, sizeof(*x->data));
		x->data[x->n++] = p->canonical[data];
	}
	free(names);
	return ok;
}

static int
number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
mapping_add(struct making *m, struct sheet *s, int pass)
{
	struct policy *p = m->l->p;
	struct mapping x = {.phrase = names_put(&p->phrases, s->cell[0]),
	    .row = names_find(&p->rows, s->cell[1]),
	    .line = s->line};
	struct run *r;

	if (x.row == 0 && strcmp(s->cell[1], "*") != 0) {
		sheet_fault(s, "no such row: %s", s->cell[1]);
		return;
	}
	if (!data_list(m, s, &x))
		sheet_fault(s, "no list of data: %s", s->cell[2]);
	if (x.n > 0)
		qsort(x.data, x.n, sizeof(*x.data), number_order);
	r = runs_add(&m->passes[pass], RUN_KEY(x.phrase, x.row));
	if (r->n++ > 0)
		sheet_fault(s, "the phrase is mapped before");
	r->at = m->n_pass[pass];
	m->pass[pass] =
	    load_more(m->pass[pass], m->n_pass[pass], sizeof(*m->pass[pass]));
	m->pass[pass][m->n_pass[pass]++] = x;
}

static void
pass_load(struct making *m, int pass, const char *file)
{
	struct sheet s;

	load_open(m->l, file, "phrase\trow\tdata", &s);
	while (sheet_next(&s))
		mapping_add(m, &s, pass);
	sheet_close(&s);
}

/* What a pass says of a phrase in a row, the row's own line first. */
static struct mapping *
mapping_find(const struct making *m, int pass, uint32_t phrase, uint32_t row)
{
	const struct run *r = runs_find(&m->passes[pass], RUN_KEY(phrase, row));

	if (r == NULL)
		r = runs_find(&m->passes[pass], RUN_KEY(phrase, 0));
	return r == NULL ? NULL : &m->pass[pass][r->at];
}

static bool
mappings_agree(const struct mapping *a, const struct mapping *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->data, b->data,
						 a->n * sizeof(*a->data)) == 0);
}

/* Both passes must say the same; what one of them leaves out is unmapped. */
static enum unmapped
phrase_map(
    const struct making *m, const struct line *n, const struct mapping **out)
{
	struct mapping *a, *b;

	a = mapping_find(m, 0, n->phrase, n->row);
	b = mapping_find(m, 1, n->phrase, n->row);
	if (a != NULL)
		a->used = true;
	if (b != NULL)
		b->used = true;
	if (a == NULL && b == NULL)
		return UNMAPPED_PHRASE;
	if (a == NULL || b == NULL)
		return (a != NULL ? a : b)->n == 0 ? UNMAPPED_NO_NAME
						   : UNMAPPED_ONE_PASS;
	if (!mappings_agree(a, b))
		return UNMAPPED_DIFFER;
	*out = a;
	return a->n == 0 ? UNMAPPED_NO_NAME : MAPPED;
}

static const char *
item_said(const char *item, char out[32])
{
	const char *branch = strchr(item, '-');

	if (*item == '\0')
		out[0] = '\0';
	else if (branch == NULL)
		snprintf(out, 32, "第%.8s号", item);
	else
		snprintf(out, 32, "第%.*s号の%.8s", (int)(branch - item), item,
		    branch + 1);
	return out;
}

/* "…第2条の表の48の項、第50条第20号イ" */
static uint32_t
line_cite(struct policy *p, const struct line *n)
{
	char text[256], item[32], article[32];
	const char *branch = strchr(n->article, '-');

	if (branch == NULL)
		snprintf(article, sizeof(article), "第%.8s条", n->article);
	else
		snprintf(article, sizeof(article), "第%.*s条の%.8s",
		    (int)(branch - n->article), n->article, branch + 1);
	snprintf(text, sizeof(text), "%s、%s%s%s", p->order_article[n->row],
	    article, item_said(n->item, item), n->sub);
	return names_put(&p->texts, text);
}

static void
line_words(struct making *m, struct line *n, const char *data)
{
	struct policy *p = m->l->p;
	struct phrase f;

	phrase_init(&f, data);
	n->relation_text = names_add(&p->texts, f.relation);
	if (f.phrase.n > 0)
		n->phrase = names_add(&p->phrases, f.phrase);
	if (f.unclear)
		n->unmapped = UNMAPPED_REFERENCE;
	phrase_fini(&f);
}

static void
line_add(struct making *m, struct sheet *s)
{
	struct load *l = m->l;
	struct policy *p = l->p;
	struct buf scratch = {0};
	struct line n = {
	    .row = names_find(&p->rows, s->cell[0]), .line = s->line};

	if (n.row == 0)
		sheet_fault(s, "no such row: %s", s->cell[0]);
	if (!sheet_period(s, 6, &n.from, &n.until) || n.row == 0)
		return;
	n.article = load_text(l, s->cell[1]);
	n.item = load_text(l, s->cell[2]);
	n.sub = load_text(l, s->cell[3]);
	n.procedure_text = names_put(&p->texts, s->cell[4]);
	n.data_text = names_put(&p->texts, s->cell[5]);
	n.procedure =
	    code_of(m, names_put(&p->texts, load_plain(&scratch, s->cell[4])),
		n.row, n.from);
	buf_free(&scratch);
	n.citation_text = line_cite(p, &n);
	line_words(m, &n, s->cell[5]);
	if (n.procedure == 0)
		n.unmapped = UNMAPPED_NO_CODE;
	p->line = load_more(p->line, p->n_line, sizeof(*p->line));
	p->line[p->n_line++] = n;
}

/* Lines of one row stand together in the file; told where they do not. */
static void
lines_load(struct making *m)
{
	struct policy *p = m->l->p;
	struct sheet s;

	load_open(m->l, "order_procedures.tsv",
	    "row\tarticle\titem\tsub\tprocedure\tdata\tin_force_from\t"
	    "in_force_until",
	    &s);
	while (sheet_next(&s)) {
		uint32_t before = p->n_line;
		struct run *r;

		line_add(m, &s);
		if (p->n_line == before)
			continue;
		r = runs_add(&m->row_lines, RUN_KEY(0, p->line[before].row));
		if (r->n++ == 0)
			r->at = before;
		else if (r->at + r->n != before + 1)
			sheet_fault(&s, "the row's lines are apart");
	}
	sheet_close(&s);
}

/* "2-2" after "2", before "3". */
static int
item_order(const char *a, const char *b)
{
	unsigned x[2] = {0}, y[2] = {0};

	sscanf(a, "%u-%u", &x[0], &x[1]);
	sscanf(b, "%u-%u", &y[0], &y[1]);
	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

struct set {
	uint32_t *data, n;
};

static void
set_add(struct set *s, uint32_t data)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->data[i] == data)
			return;
	s->data = load_more(s->data, s->n, sizeof(*s->data));
	s->data[s->n++] = data;
}

static enum unmapped line_resolve(const struct making *m, uint32_t at,
    uint32_t day, int depth, struct set *out);

static bool
sub_meant(const struct reference *r, const char *sub)
{
	for (unsigned i = 0; i < r->n_sub; i++)
		if (strcmp(r->sub[i], sub) == 0)
			return true;
	return r->n_sub == 0;
}

/* The item before `item` among the row's lines of that day; "" if none. */
static const char *
item_before(const struct making *m, const struct run *lines,
    const struct line *n, uint32_t day)
{
	const char *best = "";

	for (uint32_t i = lines->at; i < lines->at + lines->n; i++) {
		const struct line *x = &m->l->p->line[i];

		if (period_has(x->from, x->until, day) &&
		    strcmp(x->article, n->article) == 0 &&
		    item_order(x->item, n->item) < 0 &&
		    (*best == '\0' || item_order(x->item, best) > 0))
			best = x->item;
	}
	return best;
}

/* What a reference's lines allow that day, within the same article. */
static enum unmapped
reference_resolve(const struct making *m, const struct line *n,
    const struct reference *r, uint32_t day, int depth, struct set *out)
{
	const struct run *lines = runs_find(&m->row_lines, RUN_KEY(0, n->row));
	const char *item =
	    *r->item != '\0' ? r->item : item_before(m, lines, n, day);
	enum unmapped u = UNMAPPED_REFERENCE;

	for (uint32_t i = lines->at; i < lines->at + lines->n; i++) {
		const struct line *x = &m->l->p->line[i];
		enum unmapped one;

		if (!period_has(x->from, x->until, day) || x == n ||
		    strcmp(x->article, n->article) != 0 ||
		    strcmp(x->item, item) != 0 || !sub_meant(r, x->sub))
			continue;
		one = line_resolve(m, i, day, depth + 1, out);
		if (u == UNMAPPED_REFERENCE || one != MAPPED)
			u = one;
	}
	return u;
}

static enum unmapped
references_resolve(const struct making *m, const struct line *n, uint32_t day,
    int depth, struct set *out)
{
	struct phrase f;
	enum unmapped u = MAPPED;

	phrase_init(&f, names_text(&m->l->p->texts, n->data_text));
	for (unsigned i = 0; i < f.n_reference; i++) {
		enum unmapped one =
		    reference_resolve(m, n, &f.reference[i], day, depth, out);

		if (one != MAPPED)
			u = one;
	}
	phrase_fini(&f);
	return u;
}

/* All data a line allows on a day; what it could not map is the answer. */
static enum unmapped
line_resolve(const struct making *m, uint32_t at, uint32_t day, int depth,
    struct set *out)
{
	const struct line *n = &m->l->p->line[at];
	const struct mapping *map = NULL;
	enum unmapped u, phrase = MAPPED;

	if (depth > DEPTH_MOST || n->unmapped == UNMAPPED_REFERENCE)
		return UNMAPPED_REFERENCE;
	u = references_resolve(m, n, day, depth, out);
	if (n->phrase != 0)
		phrase = phrase_map(m, n, &map);
	if (phrase == MAPPED && map != NULL)
		for (uint32_t i = 0; i < map->n; i++)
			set_add(out, map->data[i]);
	return u != MAPPED ? u : phrase;
}

static void
allowance_add(struct policy *p, struct allowance a)
{
	p->allowance =
	    load_more(p->allowance, p->n_allowance, sizeof(*p->allowance));
	p->allowance[p->n_allowance++] = a;
}

/* The next day after `day` on which some line of the row begins or ends. */
static uint32_t
next_change(const struct making *m, const struct line *n, uint32_t day)
{
	const struct run *r = runs_find(&m->row_lines, RUN_KEY(0, n->row));
	uint32_t next = n->until;

	for (uint32_t i = r->at; i < r->at + r->n; i++) {
		const struct line *x = &m->l->p->line[i];

		if (x->from > day && x->from < next)
			next = x->from;
		if (x->until > day && x->until < next)
			next = x->until;
	}
	return next;
}

static void
line_allow(struct making *m, uint32_t at)
{
	struct policy *p = m->l->p;
	struct line *n = &p->line[at];
	uint32_t from = n->from;

	while (from < n->until && n->procedure != 0) {
		struct set set = {0};
		enum unmapped u = line_resolve(m, at, from, 0, &set);
		uint32_t until = next_change(m, n, from);

		if (u != MAPPED && n->unmapped == MAPPED)
			n->unmapped = u;
		for (uint32_t i = 0; i < set.n; i++)
			allowance_add(
			    p, (struct allowance){n->procedure, set.data[i], at,
				   from, until, 0, 0});
		free(set.data);
		from = until;
	}
}

static int
allowance_order(const void *a, const void *b)
{
	const struct allowance *x = a, *y = b;

	if (x->procedure != y->procedure)
		return x->procedure < y->procedure ? -1 : 1;
	if (x->data != y->data)
		return x->data < y->data ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* Join what one procedure may obtain without a gap, through all its items. */
static void
allowances_join(struct policy *p, const struct run *r)
{
	struct allowance *a = &p->allowance[r->at];

	for (uint32_t i = 0; i < r->n; i++) {
		a[i].since = a[i].from;
		for (uint32_t k = 0; k < i; k++)
			if (a[k].until >= a[i].from && a[k].since < a[i].since)
				a[i].since = a[k].since;
	}
	for (uint32_t i = r->n; i-- > 0;) {
		a[i].ends = a[i].until;
		for (uint32_t k = i + 1; k < r->n; k++)
			if (a[k].from <= a[i].until && a[k].ends > a[i].ends)
				a[i].ends = a[k].ends;
	}
}

static int
line_order(const void *a, const void *b, void *arg)
{
	const struct policy *p = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (p->line[i].procedure != p->line[k].procedure)
		return p->line[i].procedure < p->line[k].procedure ? -1 : 1;
	return i < k ? -1 : i > k;
}

static void
procedures_index(struct policy *p)
{
	if (p->n_allowance > 0)
		qsort(p->allowance, p->n_allowance, sizeof(*p->allowance),
		    allowance_order);
	for (uint32_t i = 0; i < p->n_allowance; i++)
		runs_grow(&p->allowances,
		    RUN_KEY(p->allowance[i].procedure, p->allowance[i].data),
		    i);
	for (uint32_t i = 0; p->allowances.slot && i <= p->allowances.mask; i++)
		if (p->allowances.slot[i].key != 0)
			allowances_join(p, &p->allowances.slot[i]);
	p->by_procedure = xcalloc(p->n_line + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < p->n_line; i++)
		p->by_procedure[i] = i;
	qsort_r(p->by_procedure, p->n_line, sizeof(uint32_t), line_order, p);
	for (uint32_t i = 0; i < p->n_line; i++) {
		const struct line *n = &p->line[p->by_procedure[i]];
		struct procedure *o;

		if (n->procedure == 0)
			continue;
		runs_grow(&p->line_runs, RUN_KEY(0, n->procedure), i);
		o = &p->procedure[n->procedure];
		if (n->from < o->first)
			o->first = n->from;
		if (n->until > o->until)
			o->until = n->until;
	}
}

/* A code that no line of the order bears is a fault of procedures.tsv. */
static void
procedures_check(struct load *l)
{
	struct policy *p = l->p;

	for (uint32_t i = 1; i <= p->procedures.n; i++)
		if (p->procedure[i].first == UINT32_MAX) {
			buf_printf(l->why,
			    "procedures.tsv:%u: no line has its words\n",
			    p->procedure[i].line);
			l->faults++;
		}
}

/* What a pass maps to no effect. */
static void
pass_notes(const struct making *m, int pass, const char *file)
{
	const struct policy *p = m->l->p;

	for (uint32_t i = 0; i < m->n_pass[pass]; i++) {
		const struct mapping *x = &m->pass[pass][i];

		if (!x->used)
			load_note(m->l, file, x->line,
			    "no procedure's line has the phrase",
			    names_text(&p->phrases, x->phrase));
		for (uint32_t k = 0; k < x->n && x->row != 0; k++)
			if (!runs_find(&p->rights, RUN_KEY(x->row, x->data[k])))
				load_note(m->l, file, x->line,
				    "the row never has the data",
				    names_text(&p->data, x->data[k]));
	}
}

static void
making_fini(struct making *m)
{
	free(m->minting);
	runs_fini(&m->mintings);
	runs_fini(&m->row_lines);
	for (int i = 0; i < 2; i++) {
		for (uint32_t k = 0; k < m->n_pass[i]; k++)
			free(m->pass[i][k].data);
		free(m->pass[i]);
		runs_fini(&m->passes[i]);
	}
}

void
load_procedures(struct load *l)
{
	struct making m = {.l = l};

	codes_load(&m);
	pass_load(&m, 0, "phrases_a.tsv");
	pass_load(&m, 1, "phrases_b.tsv");
	lines_load(&m);
	for (uint32_t i = 0; i < l->p->n_line; i++)
		line_allow(&m, i);
	procedures_index(l->p);
	procedures_check(l);
	pass_notes(&m, 0, "phrases_a.tsv");
	pass_notes(&m, 1, "phrases_b.tsv");
	making_fini(&m);
}
