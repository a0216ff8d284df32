/* The layout of an answer: which items it has, in order, and what they hold. */
#ifndef AGENTS_RUNTIME_LAYOUT_H
#define AGENTS_RUNTIME_LAYOUT_H

#include "lib/fault.h"
#include "lib/messages.h"

/* X(name, word in layout.tsv): what the content of an item must look like. */
#define ITEM_KIND_TABLE(X)                                     \
	X(ITEM_GROUP, "group")	 /* a heading */               \
	X(ITEM_AMOUNT, "amount") /* yen, may be less than 0 */ \
	X(ITEM_COUNT, "count")                                 \
	X(ITEM_FLAG, "flag")   /* 0 or 1 */                    \
	X(ITEM_CODE, "code")   /* digits and A-Z */            \
	X(ITEM_YEAR, "year")   /* YYYY */                      \
	X(ITEM_MONTH, "month") /* YYYY-MM */                   \
	X(ITEM_DATE, "date")   /* YYYY-MM-DD */                \
	X(ITEM_TEXT, "text")

enum item_kind {
#define ITEM_KIND_ENUM(name, word) name,
	ITEM_KIND_TABLE(ITEM_KIND_ENUM)
#undef ITEM_KIND_ENUM
};

#define ITEM_CODE_LEN 10

struct layout_item {
	char layout[64];
	char data[NAME_MAX_ + 1]; /* data name of the statute's table */
	char code[ITEM_CODE_LEN + 1];
	uint32_t depth;
	char name[NAME_MAX_ + 1];
	enum item_kind kind;
	bool official; /* the name is published; false: it is ours */
	bool twelve;   /* twelve digits in a row may lawfully stand here */
};

struct layout {
	struct layout_item *item;
	size_t n;
};

/*
 * Read layout.tsv: columns layout, data, code, depth, name, kind, names
 * (official, ours), twelve (allow, refuse). Items of one data name stand
 * together; depth rises by one at most; codes are unique, ten digits.
 * ERR_FILE, ERR_LINE with the place in *f; *out is NULL then.
 */
enum err layout_open(const char *path, struct layout **out, struct fault *f);
enum err layout_parse(
    const char *name, struct span bytes, struct layout **out, struct fault *f);
void layout_free(struct layout *l);
/* By item code; NULL if there is none. */
const struct layout_item *layout_find(const struct layout *l, const char *code);
/* Whether content is of the item's kind. */
bool item_fits(const struct layout_item *item, const char *content);

#endif
