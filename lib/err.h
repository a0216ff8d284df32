/* What can go wrong in the world: stable codes, one sentence each. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

/*
 * The world is wrong: a byte, a file, a peer or the database. Returned, never
 * recorded as a decision (that is enum outcome) and never asserted (that is a
 * bug of ours). X(name, stable code, English, Japanese). The code is part of
 * the wire and of the command line's output; it never changes meaning.
 */
#define ERR_TABLE(X)                                                           \
	X(ERR_NONE, "ok", "nothing is wrong", "問題なし")                      \
	X(ERR_MEMORY, "memory", "not enough memory", "メモリが足りない")       \
	X(ERR_SYSTEM, "system", "the operating system refused a call",         \
	    "OSが呼出しを拒んだ")                                              \
	X(ERR_TOO_LONG, "too-long", "longer than its limit",                   \
	    "長さの上限を超えている")                                          \
	X(ERR_TRUNCATED, "truncated", "shorter than its form demands",         \
	    "必要な長さに足りない")                                            \
	X(ERR_MALFORMED, "malformed", "not of the form the protocol gives",    \
	    "定められた形式でない")                                            \
	X(ERR_UNKNOWN_FIELD, "unknown-field", "a field this version lacks",    \
	    "この版にない項目がある")                                          \
	X(ERR_VERSION, "version", "a version this program does not speak",     \
	    "このプログラムが扱わない版")                                      \
	X(ERR_UTF8, "bad-utf8", "text that is not UTF-8", "UTF-8でない文字列") \
	X(ERR_NUL, "nul-in-text", "a NUL inside text",                         \
	    "文字列の中にNULがある")                                           \
	X(ERR_TWELVE_DIGITS, "twelve-digits",                                  \
	    "a run of exactly twelve digits outside a payload",                \
	    "本文以外に12桁ちょうどの数字の並びがある")                        \
	X(ERR_SIGNATURE, "bad-signature", "a signature that does not verify",  \
	    "署名を検証できない")                                              \
	X(ERR_PATH, "bad-path", "a Merkle path of the wrong length or root",   \
	    "マークル木の経路の長さ又は根が合わない")                          \
	X(ERR_SIGNER, "wrong-signer", "signed by another than the sender",     \
	    "送信者以外の署名")                                                \
	X(ERR_KEY, "unknown-key", "a key that is not known or not valid",      \
	    "知らない鍵又は有効でない鍵")                                      \
	X(ERR_CERT, "bad-certificate", "a certificate that does not verify",   \
	    "証明書を検証できない")                                            \
	X(ERR_CERT_EXPIRED, "certificate-expired",                             \
	    "a certificate outside its dates", "証明書の有効期間外")           \
	X(ERR_CERT_REVOKED, "certificate-revoked", "a revoked certificate",    \
	    "失効した証明書")                                                  \
	X(ERR_STALE, "stale", "outside the window of freshness",               \
	    "時刻が受付けの範囲にない")                                        \
	X(ERR_SEAL, "bad-seal", "a sealed thing that does not open",           \
	    "封緘を開けない")                                                  \
	X(ERR_CODE, "bad-code", "a link code that is not this agency's",       \
	    "この機関の符号ではない")                                          \
	X(ERR_OTHER_BODY, "other-body",                                        \
	    "this exchange id was used for another question",                  \
	    "この照会番号は別の照会に使われている")                            \
	X(ERR_UNKNOWN_EXCHANGE, "unknown-exchange", "no such exchange",        \
	    "該当する照会がない")                                              \
	X(ERR_NOT_YOURS, "not-yours", "the exchange of another party",         \
	    "他の機関の照会")                                                  \
	X(ERR_SETTLED, "settled", "the exchange has its outcome already",      \
	    "この照会の結果は既に決まっている")                                \
	X(ERR_LAPSED, "lapsed", "the permit is past its validity",             \
	    "許可証の有効期間を過ぎている")                                    \
	X(ERR_USED, "permit-used", "the permit was used before",               \
	    "許可証は既に使われている")                                        \
	X(ERR_FORK, "fork", "a log that is not the one seen before",           \
	    "以前に見た記録台帳と異なる")                                      \
	X(ERR_PROOF, "bad-proof", "a log proof that does not verify",          \
	    "記録台帳の証明を検証できない")                                    \
	X(ERR_ENDORSEMENT, "bad-endorsement", "a leaf no worker endorsed",     \
	    "確認済みでない記録")                                              \
	X(ERR_POLICY_VERSION, "policy-version",                                \
	    "a policy version that is not held here",                          \
	    "その版の法令の表がここにない")                                    \
	X(ERR_BUSY, "busy", "too much in flight; ask again later",             \
	    "処理中の件数が上限。後で再度照会する")                            \
	X(ERR_OFFLINE, "offline", "the peer is not connected",                 \
	    "相手が接続していない")                                            \
	X(ERR_TIMEOUT, "timeout", "no answer in time", "時間内に回答がない")   \
	X(ERR_DATABASE, "database", "the database refused or went away",       \
	    "データベースが拒んだか切断された")                                \
	X(ERR_DATABASE_UNSAFE, "database-unsafe",                              \
	    "a database set so that a commit may be lost",                     \
	    "データベースが確定した記録を失い得る設定である")                  \
	X(ERR_BEHIND, "behind", "a database behind the signer or a witness",   \
	    "データベースが署名者又は立会人より遅れている")                    \
	X(ERR_HEAD_MOVED, "head-moved", "another writer moved the log's head", \
	    "別の書込み手が台帳の先頭を進めた")                                \
	X(ERR_CONFIG, "config", "a configuration that cannot be used",         \
	    "使えない設定")                                                    \
	X(ERR_FILE, "file", "a file that cannot be read or written",           \
	    "ファイルを読み書きできない")                                      \
	X(ERR_LINE, "line", "a line that cannot be used", "使えない行がある")  \
	X(ERR_DUPLICATE, "duplicate", "the same thing twice",                  \
	    "同じものが二つある")                                              \
	X(ERR_AMBIGUOUS, "ambiguous", "more than one thing by that name",      \
	    "その名に当たるものが複数ある")                                    \
	X(ERR_NOT_FOUND, "not-found", "no such thing", "該当するものがない")   \
	X(ERR_USAGE, "usage", "the command's words are off",                   \
	    "コマンドの使い方が違う")                                          \
	X(ERR_REFUSED, "refused", "the law does not allow it",                 \
	    "法令により許可されない")                                          \
	X(ERR_INTERNAL, "internal", "a thing that should not happen",          \
	    "起こるはずのないこと")

enum err {
#define ERR_ENUM(name, code, en, ja) name,
	ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
	    ERR_COUNT
};

/* The stable code, "internal" for a value outside the table. Static text. */
const char *err_code(enum err e);
/* One English sentence without a full stop. Static text. */
const char *err_sentence(enum err e);
/* The same in Japanese. Static text. */
const char *err_sentence_ja(enum err e);
/* The value behind a stable code; ERR_INTERNAL if none bears it. */
enum err err_from_code(const char *code);

#endif
