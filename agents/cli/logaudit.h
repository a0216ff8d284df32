/* The whole log read again from its database, and what does not fit. */
#ifndef AGENTS_CLI_LOGAUDIT_H
#define AGENTS_CLI_LOGAUDIT_H

#include "lib/checkpoint.h"
#include "lib/entry.h"

/*
 * What can be wrong, worst to find first within one index.
 * X(name, stable code, English, Japanese)
 */
#define LOGFAULT_TABLE(X)                                                      \
	X(LOGFAULT_NONE, "none", "the log holds together", "異常なし")         \
	X(LOGFAULT_MISSING, "missing-entry", "there is no such entry",         \
	    "記録が存在しない")                                                \
	X(LOGFAULT_TWICE, "index-twice", "two entries have this index",        \
	    "同じ番号の記録が二つある")                                        \
	X(LOGFAULT_CHANGED, "changed-entry",                                   \
	    "type, salt or body is not what the leaf commits to",              \
	    "種別・ソルト・本文が葉の約束と一致しない")                        \
	X(LOGFAULT_COLUMN, "changed-column",                                   \
	    "a column says other than the entry's body",                       \
	    "列の値が記録の本文と一致しない")                                  \
	X(LOGFAULT_RECORD_CODE, "other-record-code",                           \
	    "the record code is not the one this entry was made with",         \
	    "記録用符号がこの記録のものではない")                              \
	X(LOGFAULT_PERSON, "other-person",                                     \
	    "the provider's sealed code is not the one of this permit",        \
	    "提供者あての封印符号がこの許可のものではない")                    \
	X(LOGFAULT_MESSAGE, "other-message",                                   \
	    "the party's message is not the one this entry records",           \
	    "機関の電文がこの記録のものではない")                              \
	X(LOGFAULT_ENDORSEMENT, "not-endorsed",                                \
	    "no vault worker made this entry", "判定部の裏書きがない")         \
	X(LOGFAULT_OTHER, "other-entry",                                       \
	    "not the entry that was signed at this place",                     \
	    "署名時にこの位置にあった記録ではない")                            \
	X(LOGFAULT_SWAPPED, "swapped-entries",                                 \
	    "two entries have changed places", "二つの記録が入れ替わっている") \
	X(LOGFAULT_INSERTED, "inserted-entry",                                 \
	    "an entry that was not there when the log was signed",             \
	    "署名時にはなかった記録が挿入されている")                          \
	X(LOGFAULT_ROOT, "other-root",                                         \
	    "the entries do not give the root that was signed",                \
	    "記録から署名済みの根が得られない")                                \
	X(LOGFAULT_TRUNCATED, "truncated",                                     \
	    "the log ends before what was signed",                             \
	    "署名済みの大きさより前で終わっている")                            \
	X(LOGFAULT_ROLLBACK, "rollback",                                       \
	    "the log ends before a checkpoint given for comparison",           \
	    "控えのチェックポイントより前に巻き戻されている")                  \
	X(LOGFAULT_FORK, "fork",                                               \
	    "not the log of a checkpoint given for comparison",                \
	    "控えのチェックポイントとは別のログである")                        \
	X(LOGFAULT_TILE, "other-tile",                                         \
	    "a stored tile does not fit the entries",                          \
	    "保存されたタイルが記録と一致しない")                              \
	X(LOGFAULT_HEAD, "other-head",                                         \
	    "log_head and the entries disagree on the size",                   \
	    "log_headと記録の件数が一致しない")                                \
	X(LOGFAULT_UNSIGNED, "unsigned-tail",                                  \
	    "entries after the newest checkpoint",                             \
	    "最新のチェックポイントより後に署名されていない記録がある")        \
	X(LOGFAULT_CHECKPOINT, "bad-checkpoint",                               \
	    "a checkpoint that does not verify under the log's key",           \
	    "ログの鍵で検証できないチェックポイント")

enum logfault {
#define LOGFAULT_ENUM(name, code, en, ja) name,
	LOGFAULT_TABLE(LOGFAULT_ENUM)
#undef LOGFAULT_ENUM
	    LOGFAULT_COUNT
};
const char *logfault_code(enum logfault f);
const char *logfault_text(enum logfault f);
const char *logfault_text_ja(enum logfault f);

#define LOGAUDIT_CHECKPOINTS 16

struct logaudit_options {
	const char *database;	    /* conninfo */
	struct note_key key;	    /* the log's */
	const uint8_t *endorse_key; /* K_endorse, or NULL */
	/* where the log's own newest checkpoint is looked for beside log_head;
	   NULL: only there */
	const char *checkpoint_file;
	/* checkpoints kept by others: the log must agree with each */
	const char *pinned_file[LOGAUDIT_CHECKPOINTS];
	size_t n_pinned;
	bool allow_unsigned; /* a tail no checkpoint covers is no fault */
	unsigned threads;
	/* called now and then by one thread; may be NULL */
	void (*progress)(uint64_t done, uint64_t total);
};

struct logaudit_report {
	char origin[NOTE_NAME_MAX + 1];
	uint64_t entries;	  /* in the database */
	uint64_t signed_size;	  /* of the newest checkpoint */
	uint8_t root[MERKLE_LEN]; /* at that size, from the entries */
	uint64_t expired;	  /* whose rows went after seven years */
	uint64_t tiles;		  /* compared with the entries */
	/* the first thing that is wrong */
	enum logfault fault;
	uint64_t index;
	uint64_t until;	  /* it lies in index..until-1 (index + 1: exactly) */
	uint64_t other;	  /* SWAPPED: the other index */
	char detail[160]; /* which column, which file */
};

/*
 * Read and check everything. ERR_NONE with report->fault NONE: the log holds
 * together. ERR_NONE with another: it does not. Any other error: it could not
 * be checked (ERR_DATABASE, ERR_NOT_FOUND: no such log or no checkpoint).
 */
enum err logaudit_run(
    const struct logaudit_options *o, struct logaudit_report *report);

#endif
