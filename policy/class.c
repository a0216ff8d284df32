/* Classes of bodies, and the cells of the tables that name them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"
#include "policy/words.h"

#define SYNTHETIC_MOST 5 /* stand-ins in one class */

static const char *const known_words[] = {
    "list", "synthetic", "open", "none", "partial"};

static bool
known_parse(const char *word, enum known *out)
{
	for (size_t i = 0; i <= KNOWN_NONE; i++)
		if (strcmp(word, known_words[i]) == 0) {
			*out = (enum known)i;
			return true;
		}
	return false;
}

/* Whether one word of a class's rule takes the body in. */
static bool
rule_takes(const char *rule, const struct policy_body *b)
{
	bool prefecture = strcmp(b->name, b->prefecture) == 0;

	if (strncmp(rule, "body:", 5) == 0)
		return strcmp(rule + 5, b->code) == 0;
	if (b->ours)
		return false;
	if (strcmp(rule, "kind:prefecture") == 0)
		return prefecture;
	if (strcmp(rule, "kind:municipality") == 0)
		return !prefecture;
	return strncmp(rule, "name:", 5) == 0 && !prefecture &&
	       words_end(span_str(b->name), rule + 5);
}

/* Put every body a rule takes in into the class; how many that were. */
static uint32_t
rule_fill(struct load *l, struct class_ *c, const char *rule)
{
	struct policy *p = l->p;
	uint32_t n = 0;

	for (uint32_t i = 1; i <= p->codes.n; i++)
		if (rule_takes(rule, &p->body[i])) {
			bits_set(c->bits, i);
			n++;
		}
	return n;
}

static void
rules_fill(struct load *l, struct sheet *s, struct class_ *c)
{
	char *rules = xstrdup(s->cell[3]), *save = NULL;

	for (char *r = strtok_r(rules, " ", &save); r != NULL;
	     r = strtok_r(NULL, " ", &save))
		if (rule_fill(l, c, r) == 0)
			sheet_fault(s, "the rule takes nobody in: %s", r);
	if (*rules != '\0' && c->known != KNOWN_LIST)
		sheet_fault(s, "a class with a rule is a list");
	free(rules);
}

static void
class_add(struct load *l, struct sheet *s)
{
	struct policy *p = l->p;
	uint32_t before = p->class_codes.n;
	uint32_t number = names_put(&p->class_codes, s->cell[0]);
	struct class_ *c;

	if (number <= before) {
		sheet_fault(s, "the class is there before: %s", s->cell[0]);
		return;
	}
	p->class_ = load_more(p->class_, number, sizeof(*p->class_));
	c = &p->class_[number];
	c->bits = xcalloc(p->words, sizeof(*c->bits));
	c->line = s->line;
	c->code = names_text(&p->class_codes, number);
	c->name = load_text(l, s->cell[2]);
	c->words = load_text(l, s->cell[4]);
	c->citation = load_text(l, s->cell[5]);
	if (!known_parse(s->cell[1], &c->known))
		sheet_fault(s, "no such state: %s", s->cell[1]);
	if (*c->words == '\0' || *c->citation == '\0')
		sheet_fault(s, "a class without words or citation");
	rules_fill(l, s, c);
}

/* Whether a body follows from a local one of that kind, by its code. */
static bool
follows(const struct policy *p, const struct policy_body *b, const char *prefix,
    const char *kind)
{
	size_t n = strlen(prefix);
	const struct policy_body *of = NULL;

	if (b->ours && strncmp(b->code, prefix, n) == 0)
		of = policy_body(p, b->code + n);
	return of != NULL && body_is_kind(of, kind);
}

/* The bodies that follow from local ones belong to the class given there. */
static void
derived_fill(struct load *l)
{
	struct policy *p = l->p;
	struct sheet s;

	load_open(l, "derived.tsv", "prefix\tof\tsuffix\tclass\tcitation", &s);
	while (sheet_next(&s)) {
		uint32_t c = names_find(&p->class_codes, s.cell[3]);

		if (c == 0) {
			sheet_fault(&s, "no such class: %s", s.cell[3]);
			continue;
		}
		for (uint32_t i = 1; i <= p->codes.n; i++)
			if (follows(p, &p->body[i], s.cell[0], s.cell[1]))
				bits_set(p->class_[c].bits, i);
	}
	sheet_close(&s);
}

/* A stand-in stands in stand-ins' classes only, five to a class. */
static bool
member_ok(struct load *l, struct sheet *s, uint32_t class_, uint32_t body,
    bool designates)
{
	struct class_ *c = &l->p->class_[class_];
	const struct policy_body *b = &l->p->body[body];

	if (*s->cell[4] == '\0')
		sheet_fault(s, "a member without a citation");
	else if (designates != (c->known == KNOWN_OPEN))
		sheet_fault(
		    s, "%s: designations are for open classes only", c->code);
	else if (c->known == KNOWN_SYNTHETIC && !b->synthetic)
		sheet_fault(
		    s, "%s is real, %s has stand-ins only", b->code, c->code);
	else if (c->known == KNOWN_LIST && b->synthetic)
		sheet_fault(
		    s, "%s is a stand-in, %s has none", b->code, c->code);
	else if (b->synthetic && c->synthetic++ >= SYNTHETIC_MOST)
		sheet_fault(
		    s, "%s: more than %d stand-ins", c->code, SYNTHETIC_MOST);
	else
		return true;
	return false;
}

static void
member_add(struct load *l, struct sheet *s, bool designates)
{
	struct policy *p = l->p;
	struct dated d = {.class_ = names_find(&p->class_codes, s->cell[0]),
	    .body = names_find(&p->codes, s->cell[1])};

	if (d.class_ == 0 || d.body == 0) {
		sheet_fault(s, "no such %s: %s",
		    d.class_ == 0 ? "class" : "body",
		    s->cell[d.class_ == 0 ? 0 : 1]);
		return;
	}
	if (!sheet_period(s, 2, &d.from, &d.until) ||
	    !member_ok(l, s, d.class_, d.body, designates))
		return;
	for (uint32_t i = 0; i < p->n_dated; i++)
		if (p->dated[i].class_ == d.class_ &&
		    p->dated[i].body == d.body && p->dated[i].from < d.until &&
		    d.from < p->dated[i].until)
			sheet_fault(s, "overlaps an earlier line");
	d.citation = load_text(l, s->cell[4]);
	p->dated = load_more(p->dated, p->n_dated, sizeof(*p->dated));
	p->dated[p->n_dated++] = d;
}

static void
members_load(struct load *l, const char *file, bool designates)
{
	struct sheet s;

	load_open(l, file,
	    "class\tbody\tin_force_from\tin_force_until\tcitation", &s);
	while (sheet_next(&s))
		member_add(l, &s, designates);
	sheet_close(&s);
}

static int
dated_order(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->class_ != y->class_)
		return x->class_ < y->class_ ? -1 : 1;
	if (x->body != y->body)
		return x->body < y->body ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

static void
dated_index(struct policy *p)
{
	if (p->n_dated > 0)
		qsort(p->dated, p->n_dated, sizeof(*p->dated), dated_order);
	for (uint32_t i = 0; i < p->n_dated; i++) {
		const struct dated *d = &p->dated[i];
		struct run *r =
		    runs_add(&p->dated_runs, RUN_KEY(d->class_, d->body));

		if (r->n++ == 0)
			r->at = i;
	}
}

void
load_classes(struct load *l)
{
	struct sheet s;

	load_open(
	    l, "classes.tsv", "class\tstate\tname\trule\twords\tcitation", &s);
	while (sheet_next(&s))
		class_add(l, &s);
	sheet_close(&s);
	derived_fill(l);
	members_load(l, "members.tsv", false);
	members_load(l, "designations.tsv", true);
	dated_index(l->p);
}

static uint32_t
cell_new(struct policy *p, const char *text)
{
	uint32_t number = names_put(&p->cells, text);
	struct cell *c;

	p->cell = load_more(p->cell, number, sizeof(*p->cell));
	c = &p->cell[number];
	c->text = names_text(&p->cells, number);
	c->known = KNOWN_NONE;
	c->always = xcalloc(p->words, sizeof(*c->always));
	c->ever = xcalloc(p->words, sizeof(*c->ever));
	return number;
}

static void
cell_join(struct policy *p, struct cell *c, uint32_t class_)
{
	c->class_ = xrealloc(c->class_, (c->n + 1) * sizeof(*c->class_));
	c->class_[c->n++] = class_;
	p->class_[class_].used = true;
	for (size_t i = 0; i < p->words; i++) {
		c->always[i] |= p->class_[class_].bits[i];
		c->ever[i] |= p->class_[class_].bits[i];
	}
	for (uint32_t i = 0; i < p->n_dated; i++)
		if (p->dated[i].class_ == class_)
			bits_set(c->ever, p->dated[i].body);
}

/* What the classes of a cell make of it; must be what the file says. */
static enum known
cell_state(const struct policy *p, const struct cell *c)
{
	bool open = false, none = false, known = false;

	for (uint32_t i = 0; i < c->n; i++) {
		enum known k = p->class_[c->class_[i]].known;

		open |= k == KNOWN_OPEN;
		none |= k == KNOWN_NONE;
		known |= k == KNOWN_LIST || k == KNOWN_SYNTHETIC;
	}
	if (known)
		return open || none ? KNOWN_PARTIAL : KNOWN_LIST;
	return open ? KNOWN_OPEN : KNOWN_NONE;
}

static const char *
cell_word(enum known k)
{
	switch (k) {
	case KNOWN_OPEN:
		return "open";
	case KNOWN_PARTIAL:
		return "partial";
	case KNOWN_NONE:
		return "no-list";
	default:
		return "resolved";
	}
}

static void
cell_add(struct load *l, struct sheet *s)
{
	struct policy *p = l->p;
	char *classes = xstrdup(s->cell[2]), *save = NULL;
	struct cell *c;
	uint32_t number;

	if (names_find(&p->cells, s->cell[0]) != 0) {
		sheet_fault(s, "the cell is there before");
		free(classes);
		return;
	}
	number = cell_new(p, s->cell[0]);
	c = &p->cell[number];
	c->listed = true;
	c->line = s->line;
	for (char *w = strtok_r(classes, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save)) {
		uint32_t class_ = names_find(&p->class_codes, w);

		if (class_ == 0)
			sheet_fault(s, "no such class: %s", w);
		else
			cell_join(p, c, class_);
	}
	c->known = cell_state(p, c);
	if (strcmp(s->cell[1], cell_word(c->known)) != 0)
		sheet_fault(s, "its classes make it %s, not %s",
		    cell_word(c->known), s->cell[1]);
	free(classes);
}

void
load_cells(struct load *l)
{
	struct sheet s;

	load_open(l, "cells.tsv", "cell\tstate\tclasses", &s);
	while (sheet_next(&s))
		cell_add(l, &s);
	sheet_close(&s);
}

uint32_t
cell_intern(struct load *l, const char *text)
{
	struct buf scratch = {0};
	const char *plain = load_plain(&scratch, text);
	uint32_t number = names_find(&l->p->cells, plain);

	if (number == 0)
		number = cell_new(l->p, plain);
	l->p->cell[number].used = true;
	buf_free(&scratch);
	return number;
}

/* A class of one body, coded "=141003", that no file needs to list. */
static uint32_t
class_of_body(
    struct policy *p, const char *code, uint32_t body, const char *citation)
{
	uint32_t number = names_put(&p->class_codes, code);
	struct class_ *c;

	p->class_ = load_more(p->class_, number, sizeof(*p->class_));
	c = &p->class_[number];
	*c = (struct class_){.code = names_text(&p->class_codes, number),
	    .name = p->body[body].name,
	    .words = p->body[body].name,
	    .citation = citation,
	    .used = true,
	    .bits = xcalloc(p->words, sizeof(*c->bits))};
	bits_set(c->bits, body);
	return number;
}

uint32_t
cell_of_body(struct load *l, uint32_t body, const char *citation)
{
	struct policy *p = l->p;
	char code[40];
	uint32_t number;
	struct cell *c;

	snprintf(code, sizeof(code), "=%s", p->body[body].code);
	number = names_find(&p->cells, code);
	if (number != 0)
		return number;
	number = cell_new(p, code);
	c = &p->cell[number];
	c->listed = c->used = true;
	c->known = KNOWN_LIST;
	cell_join(p, c, class_of_body(p, code, body, citation));
	return number;
}

static bool
body_exists(const struct policy_body *b, uint32_t day)
{
	return b->from <= day && (b->until == 0 || day < b->until);
}

bool
cell_names(const struct policy *p, uint32_t cell, uint32_t body, uint32_t day)
{
	const struct cell *c = &p->cell[cell];

	if (!bits_has(c->ever, body) || !body_exists(&p->body[body], day))
		return false;
	if (bits_has(c->always, body))
		return true;
	for (uint32_t i = 0; i < c->n; i++) {
		const struct run *r =
		    runs_find(&p->dated_runs, RUN_KEY(c->class_[i], body));

		for (uint32_t k = 0; r != NULL && k < r->n; k++)
			if (period_has(p->dated[r->at + k].from,
				p->dated[r->at + k].until, day))
				return true;
	}
	return false;
}

bool
cell_open(const struct policy *p, uint32_t cell)
{
	return p->cell[cell].known >= KNOWN_OPEN;
}

void
load_notes(struct load *l)
{
	struct policy *p = l->p;

	for (uint32_t i = 1; i <= p->cells.n; i++) {
		const struct cell *c = &p->cell[i];

		if (c->listed && !c->used)
			load_note(l, "cells.tsv", c->line,
			    "no table has the cell", c->text);
		if (!c->listed)
			load_note(l, "cells.tsv", 0,
			    "a table's cell is not here", c->text);
	}
	for (uint32_t i = 1; i <= p->class_codes.n; i++)
		if (!p->class_[i].used)
			load_note(l, "classes.tsv", p->class_[i].line,
			    "no cell names the class", p->class_[i].code);
}
