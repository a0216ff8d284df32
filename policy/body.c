/* Bodies: the local ones, those the tables name, and those that follow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"
#include "policy/words.h"

static void
name_add(struct policy *p, const char *name, uint32_t body)
{
	uint32_t before = p->body_names.n;
	uint32_t number = names_put(&p->body_names, name);

	if (number > before) {
		p->named = load_more(p->named, number, sizeof(*p->named));
		p->named[number] = body;
	} else if (p->named[number] != body) {
		p->named[number] = UINT32_MAX;
	}
}

static void
names_of(struct policy *p, uint32_t body)
{
	const struct policy_body *b = &p->body[body];
	char full[256];

	name_add(p, b->name, body);
	if (*b->prefecture == '\0' || strcmp(b->prefecture, b->name) == 0)
		return;
	snprintf(full, sizeof(full), "%s%s", b->prefecture, b->name);
	name_add(p, full, body);
}

static bool
code_ok(const char *code)
{
	size_t n = strlen(code);

	return n > 0 && n <= 31 &&
	       strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Take a body over; a code used before is a fault. */
static void
body_add(struct load *l, struct sheet *s, struct policy_body b)
{
	struct policy *p = l->p;
	uint32_t before = p->codes.n, number;

	if (!code_ok(b.code)) {
		sheet_fault(s, "no code of a body: %s", b.code);
		return;
	}
	number = names_put(&p->codes, b.code);
	if (number <= before) {
		sheet_fault(s, "the code is used before: %s", b.code);
		return;
	}
	p->body = load_more(p->body, number, sizeof(*p->body));
	b.code = names_text(&p->codes, number);
	b.name = load_text(l, b.name);
	b.prefecture = load_text(l, b.prefecture);
	b.citation = load_text(l, b.citation);
	b.synthetic = words_begin(span_str(b.name), "架空");
	p->body[number] = b;
	names_of(p, number);
}

/* Weights 6 5 4 3 2 over five digits; 11 - sum mod 11, last digit. */
static bool
local_code_ok(const char *c)
{
	int sum = 0;

	if (strlen(c) != 6 || strspn(c, "0123456789") != 6)
		return false;
	for (int i = 0; i < 5; i++)
		sum += (c[i] - '0') * (6 - i);
	return (11 - sum % 11) % 10 == c[5] - '0';
}

static void
local_load(struct load *l)
{
	struct sheet s;

	load_open(l, "local_governments.tsv",
	    "lgcode\tkind\tprefecture\tname\tkana", &s);
	while (sheet_next(&s)) {
		struct policy_body b = {.code = s.cell[0],
		    .name = s.cell[3],
		    .prefecture = s.cell[2],
		    .citation = "地方自治法第1条の3"};

		if (!local_code_ok(b.code))
			sheet_fault(&s, "wrong check digit: %s", b.code);
		else if (strcmp(s.cell[1], "prefecture") != 0 &&
			 strcmp(s.cell[1], "municipality") != 0)
			sheet_fault(&s, "no such kind: %s", s.cell[1]);
		else
			body_add(l, &s, b);
	}
	sheet_close(&s);
}

static void
named_load(struct load *l)
{
	struct sheet s;

	load_open(l, "bodies.tsv",
	    "code\tname\tprefecture\tcitation\tin_force_from\tin_force_until",
	    &s);
	while (sheet_next(&s)) {
		struct policy_body b = {.code = s.cell[0],
		    .name = s.cell[1],
		    .prefecture = s.cell[2],
		    .citation = s.cell[3],
		    .ours = true};

		if (!sheet_period(&s, 4, &b.from, &b.until))
			continue;
		if (b.until == UINT32_MAX)
			b.until = 0;
		if (*b.citation == '\0')
			sheet_fault(&s, "a body without a citation");
		else
			body_add(l, &s, b);
	}
	sheet_close(&s);
}

bool
body_is_kind(const struct policy_body *b, const char *kind)
{
	bool prefecture = strcmp(b->name, b->prefecture) == 0;

	return !b->ours && prefecture == (strcmp(kind, "prefecture") == 0);
}

/* One body after each local one: its board of education, its 広域連合. */
static void
derive(struct load *l, struct sheet *s, uint32_t local)
{
	for (uint32_t i = 1; i <= local; i++) {
		const struct policy_body *of = &l->p->body[i];
		char code[64], name[256];

		if (!body_is_kind(of, s->cell[1]))
			continue;
		snprintf(code, sizeof(code), "%s%s", s->cell[0], of->code);
		snprintf(name, sizeof(name), "%s%s", of->name, s->cell[2]);
		body_add(l, s,
		    (struct policy_body){.code = code,
			.name = name,
			.prefecture = strcmp(s->cell[1], "prefecture") == 0
					  ? ""
					  : of->prefecture,
			.citation = s->cell[4],
			.ours = true});
	}
}

static void
derived_load(struct load *l, uint32_t local)
{
	struct sheet s;

	load_open(l, "derived.tsv", "prefix\tof\tsuffix\tclass\tcitation", &s);
	while (sheet_next(&s)) {
		if (strcmp(s.cell[1], "prefecture") != 0 &&
		    strcmp(s.cell[1], "municipality") != 0)
			sheet_fault(&s, "no such kind: %s", s.cell[1]);
		else
			derive(l, &s, local);
	}
	sheet_close(&s);
}

void
load_bodies(struct load *l)
{
	uint32_t local;

	local_load(l);
	local = l->p->codes.n;
	named_load(l);
	derived_load(l, local);
	l->p->words = l->p->codes.n / 64 + 1;
}

const struct policy_body *
policy_body(const struct policy *p, const char *code)
{
	uint32_t number = names_find(&p->codes, code);

	return number == 0 ? NULL : &p->body[number];
}

static enum err
named_find(
    const struct policy *p, const char *name, const struct policy_body **out)
{
	uint32_t number = names_find(&p->body_names, name);

	if (number == 0)
		return ERR_NOT_FOUND;
	if (p->named[number] == UINT32_MAX)
		return ERR_AMBIGUOUS;
	*out = &p->body[p->named[number]];
	return ERR_NONE;
}

/* "横浜市長" and "神奈川県知事" mean the body whose organ they are. */
static enum err
organ_find(
    const struct policy *p, const char *text, const struct policy_body **out)
{
	static const char *const organs[] = {"長", "知事"};
	enum err e = ERR_NOT_FOUND;

	for (size_t i = 0; i < 2 && e == ERR_NOT_FOUND; i++) {
		char name[256];
		size_t n = strlen(text), cut = strlen(organs[i]);

		if (n >= sizeof(name) || !words_end(span_str(text), organs[i]))
			continue;
		memcpy(name, text, n - cut);
		name[n - cut] = '\0';
		e = named_find(p, name, out);
		if (e == ERR_NONE &&
		    ((*out)->ours ||
			body_is_kind(*out, "prefecture") != (i == 1)))
			e = ERR_NOT_FOUND;
	}
	return e;
}

enum err
policy_body_find(
    const struct policy *p, const char *text, const struct policy_body **out)
{
	enum err e;

	*out = policy_body(p, text);
	if (*out != NULL)
		return ERR_NONE;
	e = named_find(p, text, out);
	if (e == ERR_NOT_FOUND)
		e = organ_find(p, text, out);
	if (e != ERR_NONE)
		*out = NULL;
	return e;
}
