#include "agents/registrar/synthetic.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- words: a surname is one of each half, and nobody bears it --- */

struct word {
	const char *kanji, *kana;
};

static const struct word surname_first[] = {
    {"見本", "ミホン"},
    {"試験", "シケン"},
    {"架空", "カクウ"},
    {"仮名", "カナ"},
    {"例示", "レイジ"},
    {"模擬", "モギ"},
    {"練習", "レンシュウ"},
    {"想定", "ソウテイ"},
    {"雛形", "ヒナガタ"},
    {"標本", "ヒョウホン"},
};
static const struct word surname_last[] = {
    {"田", "ダ"},
    {"山", "ヤマ"},
    {"川", "カワ"},
    {"野", "ノ"},
    {"沢", "ザワ"},
    {"島", "ジマ"},
    {"原", "ハラ"},
    {"村", "ムラ"},
    {"木", "ギ"},
    {"谷", "タニ"},
    {"井", "イ"},
    {"崎", "ザキ"},
};
static const struct word given_male[] = {
    {"一郎", "イチロウ"},
    {"健太", "ケンタ"},
    {"翔", "ショウ"},
    {"大輔", "ダイスケ"},
    {"誠", "マコト"},
    {"拓也", "タクヤ"},
    {"清", "キヨシ"},
    {"蓮", "レン"},
    {"茂", "シゲル"},
    {"悠真", "ユウマ"},
};
static const struct word given_female[] = {
    {"花子", "ハナコ"},
    {"美咲", "ミサキ"},
    {"陽子", "ヨウコ"},
    {"葵", "アオイ"},
    {"和子", "カズコ"},
    {"結衣", "ユイ"},
    {"恵", "メグミ"},
    {"さくら", "サクラ"},
    {"幸子", "サチコ"},
    {"凛", "リン"},
};
/* real municipalities, towns that are not */
static const struct {
	const char *code, *name;
} places[] = {
    {"141003", "神奈川県横浜市"},
    {"141003", "神奈川県横浜市"},
    {"141003", "神奈川県横浜市"},
    {"271004", "大阪府大阪市"},
    {"271004", "大阪府大阪市"},
};
static const char *const towns[] = {
    "架空町",
    "見本台",
    "試験が丘",
    "例示本町",
    "模擬浜",
    "想定通",
};

/* --- numbers --- */

/* splitmix64: the next of a stream, all that is needed to look random. */
static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned
below(uint64_t *state, unsigned n)
{
	return (unsigned)(next(state) % n);
}

/*
 * i -> a number of `width` digits and its check digit. The factor is prime to
 * ten, so that no two i below the modulus meet.
 */
static void
number_make(uint64_t seed, unsigned i, unsigned width, char *out)
{
	uint64_t modulus =
	    width == 11 ? UINT64_C(100000000000) : UINT64_C(10000000000);
	uint64_t shift = next(&seed) % modulus;
	uint64_t n = ((uint64_t)i * UINT64_C(6180339887) + shift) % modulus;

	snprintf(out, width + 1, "%0*" PRIu64, (int)width, n);
	out[width] = digits_check(out, width);
	out[width + 1] = '\0';
}

/* --- a resident --- */

#define PICK(table, state) \
	(&(table)[below(state, sizeof(table) / sizeof((table)[0]))])

static void
name_make(uint64_t *state, struct synthetic *r)
{
	const struct word *first = PICK(surname_first, state);
	const struct word *last = PICK(surname_last, state);
	const struct word *given =
	    r->sex == 1 ? PICK(given_male, state) : PICK(given_female, state);

	snprintf(r->name, sizeof(r->name), "%s%s　%s", first->kanji,
	    last->kanji, given->kanji);
	snprintf(r->kana, sizeof(r->kana), "%s%s　%s", first->kana, last->kana,
	    given->kana);
}

static void
address_make(uint64_t *state, struct synthetic *r)
{
	unsigned p = below(state, sizeof(places) / sizeof(places[0]));
	const char *const *town = PICK(towns, state);

	memcpy(r->municipality, places[p].code, sizeof(r->municipality));
	snprintf(r->address, sizeof(r->address), "%s%s%u丁目%u番%u号",
	    places[p].name, *town, 1 + below(state, 6), 1 + below(state, 40),
	    1 + below(state, 20));
}

void
synthetic_resident(uint64_t seed, unsigned i, struct synthetic *out)
{
	uint64_t state = seed ^ ((uint64_t)i << 32);

	assert(i < SYNTHETIC_MAX);
	memset(out, 0, sizeof(*out));
	number_make(seed, i, MY_NUMBER_LEN - 1, out->my_number);
	number_make(~seed, i, RESIDENT_CODE_LEN - 1, out->resident_code);
	out->sex = 1 + below(&state, 2);
	name_make(&state, out);
	address_make(&state, out);
	snprintf(out->birth, sizeof(out->birth), "%04u-%02u-%02u",
	    1935 + below(&state, 88), 1 + below(&state, 12),
	    1 + below(&state, 28));
}

void
synthetic_csv(uint64_t seed, unsigned n, struct buf *out)
{
	struct synthetic r;

	buf_printf(out, "my_number,resident_code,name,kana,birth,sex,"
			"municipality,address\r\n");
	for (unsigned i = 0; i < n; i++) {
		synthetic_resident(seed, i, &r);
		buf_printf(out, "%s,%s,%s,%s,%s,%u,%s,%s\r\n", r.my_number,
		    r.resident_code, r.name, r.kana, r.birth, r.sex,
		    r.municipality, r.address);
	}
}
