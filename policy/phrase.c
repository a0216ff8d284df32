#include "policy/phrase.h"

#include <stdio.h>
#include <string.h>

#include "policy/words.h"

#define KANA_LEN 3 /* bytes of a kana or kanji in UTF-8 */
#define LISTED "に掲げる情報"

static const char *const iroha[] = {"イ", "ロ", "ハ", "ニ", "ホ", "ヘ", "ト",
    "チ", "リ", "ヌ", "ル", "ヲ", "ワ", "カ", "ヨ", "タ", "レ", "ソ", "ツ",
    "ネ", "ナ", "ラ", "ム", "ウ", "ヰ", "ノ", "オ", "ク", "ヤ", "マ", "ケ",
    "フ", "コ", "エ", "テ", "ア", "サ", "キ", "ユ", "メ", "ミ", "シ", "ヱ",
    "ヒ", "モ", "セ", "ス"};
#define IROHA_N (sizeof(iroha) / sizeof(iroha[0]))

static int
iroha_at(struct span s)
{
	for (size_t i = 0; i < IROHA_N; i++)
		if (words_begin(s, iroha[i]))
			return (int)i;
	return -1;
}

static struct span
after(struct span s, size_t n)
{
	return span_of(s.p + n, s.n - n);
}

/* A kanji numeral below 1000 at the beginning of *s, moved past; 0 if none. */
static unsigned
numeral_take(struct span *s)
{
	static const char *const digits[] = {
	    "一", "二", "三", "四", "五", "六", "七", "八", "九"};
	unsigned total = 0, digit = 0;

	for (;;) {
		unsigned d = 0;

		for (unsigned i = 0; i < 9; i++)
			if (words_begin(*s, digits[i]))
				d = i + 1;
		if (d != 0) {
			digit = d;
		} else if (words_begin(*s, "十")) {
			total += (digit ? digit : 1) * 10;
			digit = 0;
		} else if (words_begin(*s, "百")) {
			total += (digit ? digit : 1) * 100;
			digit = 0;
		} else {
			return total + digit;
		}
		*s = after(*s, KANA_LEN);
	}
}

/* 第四号, 第二号の二 or 前号 at the beginning of *s, moved past. */
static bool
item_take(struct span *s, char item[16])
{
	unsigned n, branch;

	if (words_begin(*s, "前号")) {
		item[0] = '\0';
		*s = after(*s, 2 * KANA_LEN);
		return true;
	}
	if (!words_begin(*s, "第"))
		return false;
	*s = after(*s, KANA_LEN);
	n = numeral_take(s);
	if (n == 0 || !words_begin(*s, "号"))
		return false;
	*s = after(*s, KANA_LEN);
	snprintf(item, 16, "%u", n);
	if (words_begin(*s, "の")) {
		*s = after(*s, KANA_LEN);
		branch = numeral_take(s);
		snprintf(item, 16, "%u-%u", n, branch);
		return branch != 0;
	}
	return true;
}

static bool
sub_add(struct reference *r, int which)
{
	if (r->n_sub == PHRASE_SUBS)
		return false;
	memcpy(r->sub[r->n_sub], iroha[which], KANA_LEN);
	r->sub[r->n_sub++][KANA_LEN] = '\0';
	return true;
}

/* イ, or イからニまで, at the beginning of *s, moved past. */
static bool
range_take(struct span *s, struct reference *r)
{
	int first = iroha_at(*s), last = first;

	if (first < 0)
		return false;
	*s = after(*s, KANA_LEN);
	if (words_begin(*s, "から")) {
		*s = after(*s, 2 * KANA_LEN);
		last = iroha_at(*s);
		if (last < first)
			return false;
		*s = after(*s, KANA_LEN);
		if (!words_begin(*s, "まで"))
			return false;
		*s = after(*s, 2 * KANA_LEN);
	}
	for (int i = first; i <= last; i++)
		if (!sub_add(r, i))
			return false;
	return true;
}

/* What stands between the parts of a list; moved past. */
static void
comma_take(struct span *s)
{
	if (words_begin(*s, "、"))
		*s = after(*s, KANA_LEN);
	else if (words_begin(*s, "及び") || words_begin(*s, "又は"))
		*s = after(*s, 2 * KANA_LEN);
}

/* A whole reference up to and with に掲げる情報; *s moved past it. */
static bool
reference_take(struct span *s, struct reference *r)
{
	struct span at = *s;

	*r = (struct reference){.n_sub = 0};
	if (!item_take(&at, r->item))
		return false;
	while (!words_begin(at, LISTED)) {
		if (!range_take(&at, r))
			return false;
		comma_take(&at);
	}
	*s = after(at, strlen(LISTED));
	return true;
}

/* Where the reference that ends at `end` begins; SIZE_MAX if nowhere. */
static size_t
reference_begin(struct span s, size_t from, size_t end)
{
	for (size_t i = end; i >= from + KANA_LEN; i -= KANA_LEN) {
		struct reference r;
		struct span at = after(s, i - KANA_LEN);

		if (reference_take(&at, &r) &&
		    at.p == s.p + end + strlen(LISTED))
			return i - KANA_LEN;
	}
	return SIZE_MAX;
}

/* Take all references out; what follows the last one is left. */
static struct span
references_take(struct phrase *f, struct span s)
{
	size_t end, from = 0, rest = 0;

	while ((end = words_find(s, from, LISTED)) != SIZE_MAX) {
		size_t begin = reference_begin(s, from, end);
		struct span at;

		if (begin == SIZE_MAX || f->n_reference == PHRASE_REFERENCES) {
			f->unclear = true;
			return s;
		}
		at = after(s, begin);
		reference_take(&at, &f->reference[f->n_reference++]);
		if (rest == 0)
			f->relation = span_of(s.p, begin);
		from = rest = end + strlen(LISTED);
	}
	return after(s, rest);
}

void
phrase_init(struct phrase *f, const char *data)
{
	struct span s;
	size_t last;

	*f = (struct phrase){.n_reference = 0};
	words_bare(span_str(data), &f->bare);
	s = references_take(f, buf_span(&f->bare));
	if (f->n_reference > 0 && words_begin(s, "及び"))
		s = after(s, 2 * KANA_LEN);
	else if (f->n_reference > 0 && words_begin(s, "並びに"))
		s = after(s, 3 * KANA_LEN);
	last = words_last(s, "に係る");
	if (last == SIZE_MAX) {
		f->phrase = s;
		return;
	}
	if (f->n_reference == 0)
		f->relation = span_of(s.p, last);
	f->phrase = after(s, last + 3 * KANA_LEN);
}

void
phrase_fini(struct phrase *f)
{
	buf_free(&f->bare);
}
