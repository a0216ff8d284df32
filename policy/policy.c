#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/sha256.h"
#include "policy/blob.h"
#include "policy/model.h"
#include "policy/query.h"
#include "policy/words.h"

void
load_open(struct load *l, const char *file, const char *header, struct sheet *s)
{
	struct span bytes;

	if (blob_find(l->blob, file, &bytes)) {
		sheet_open(s, file, bytes, header, l->why, &l->faults);
		return;
	}
	*s = (struct sheet){.file = file, .why = l->why, .faults = &l->faults};
	sheet_fault(s, "the manifest does not name the file");
}

void *
load_more(void *array, uint32_t n, size_t size)
{
	size_t had = array == NULL ? 0 : n, room = n == 0 ? 1 : 2 * (size_t)n;

	if ((n & (n - 1)) != 0)
		return array;
	array = xrealloc(array, room * size);
	memset((char *)array + had * size, 0, (room - had) * size);
	return array;
}

const char *
load_text(struct load *l, const char *text)
{
	return names_text(&l->p->texts, names_put(&l->p->texts, text));
}

const char *
load_plain(struct buf *scratch, const char *text)
{
	buf_reset(scratch);
	words_plain(span_str(text), scratch);
	buf_add_u8(scratch, '\0');
	return (const char *)scratch->p;
}

void
load_note(struct load *l, const char *file, unsigned line, const char *what,
    const char *about)
{
	buf_printf(&l->p->notes, "%s:%u: %s: %s\n", file, line, what, about);
}

static void
version_load(struct load *l)
{
	struct span bytes;
	unsigned long long version = 0;
	char head[64] = {0};

	if (blob_find(l->blob, "manifest.tsv", &bytes)) {
		memcpy(head, bytes.p,
		    bytes.n < sizeof(head) - 1 ? bytes.n : sizeof(head) - 1);
		if (sscanf(head, "version\t%20llu\n", &version) == 1 &&
		    version > 0) {
			l->p->version = version;
			return;
		}
	}
	buf_printf(l->why, "manifest.tsv:1: no version\n");
	l->faults++;
}

enum err
policy_parse(struct span blob, struct policy **out, struct buf *why)
{
	struct load l = {.blob = blob, .why = why};

	*out = NULL;
	if (blob_check(blob) != ERR_NONE) {
		buf_printf(why, "policy:0: not a policy's bytes\n");
		return ERR_MALFORMED;
	}
	l.p = xcalloc(1, sizeof(*l.p));
	sha256(blob, l.p->hash);
	version_load(&l);
	load_bodies(&l);
	load_classes(&l);
	load_cells(&l);
	load_table(&l);
	load_delegations(&l);
	load_procedures(&l);
	load_guards(&l);
	load_notes(&l);
	if (l.faults > 0) {
		policy_free(l.p);
		return ERR_LINE;
	}
	*out = l.p;
	return ERR_NONE;
}

static void
names_all_fini(struct policy *p)
{
	struct names *all[] = {&p->texts, &p->codes, &p->body_names,
	    &p->class_codes, &p->cells, &p->rows, &p->data, &p->procedures,
	    &p->phrases};
	struct runs *runs[] = {&p->dated_runs, &p->rights, &p->row_runs,
	    &p->delegation_runs, &p->allowances, &p->line_runs, &p->pia_runs};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		names_fini(all[i]);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		runs_fini(runs[i]);
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 1; i <= p->class_codes.n; i++)
		free(p->class_[i].bits);
	for (uint32_t i = 1; i <= p->cells.n; i++) {
		free(p->cell[i].class_);
		free(p->cell[i].always);
		free(p->cell[i].ever);
	}
	names_all_fini(p);
	free(p->body);
	free(p->named);
	free(p->class_);
	free(p->dated);
	free(p->cell);
	free(p->order_article);
	free(p->act_article);
	free(p->canonical);
	free(p->clause);
	free(p->in_file);
	free(p->right);
	free(p->ordinance);
	free(p->decline);
	free(p->delegation);
	free(p->procedure);
	free(p->line);
	free(p->allowance);
	free(p->by_procedure);
	free(p->pia);
	if (p->suspensions.v != p->filed.v)
		free(p->suspensions.v);
	free(p->filed.v);
	buf_free(&p->notes);
	free(p);
}

const uint8_t *
policy_hash(const struct policy *p)
{
	return p->hash;
}

uint64_t
policy_version(const struct policy *p)
{
	return p->version;
}

struct span
policy_notes(const struct policy *p)
{
	return buf_span(&p->notes);
}

bool
policy_knows_data(const struct policy *p, const char *data)
{
	return names_find(&p->data, data) != 0;
}

static uint32_t
day_number(struct day d)
{
	int y, m, mday;

	day_date(d, &y, &m, &mday);
	return (uint32_t)(y * 10000 + m * 100 + mday);
}

uint32_t
policy_day(uint64_t ms)
{
	return day_number(day_of_ms(ms));
}

uint32_t
policy_day_parse(const char *text)
{
	struct day d;

	return day_parse(text, &d) == ERR_NONE ? day_number(d) : 0;
}

uint32_t
policy_day_before(uint32_t day)
{
	struct day d = day_of_date(
	    (int)(day / 10000), (int)(day / 100 % 100), (int)(day % 100));

	d.n--;
	return day_number(d);
}
