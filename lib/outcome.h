/* What the law, or the provider, says to an inquiry: a normal result. */
#ifndef LIB_OUTCOME_H
#define LIB_OUTCOME_H

/*
 * The law says no (or yes): recorded and answered. A decision starts as
 * OUTCOME_REFUSED; only policy_decide may lift it to OUTCOME_PERMITTED.
 * The numbers are on the wire and in the log and never change.
 * X(name, number, stable code, English sentence, Japanese sentence)
 */
#define OUTCOME_TABLE(X)                                                       \
	X(OUTCOME_REFUSED, 0, "refused", "not permitted", "許可されない")      \
	X(OUTCOME_PERMITTED, 1, "permitted", "permitted by the table",         \
	    "法令の表により許可")                                              \
	/* what the provider answers: the outer outcome */                     \
	X(OUTCOME_PROVIDED, 10, "provided", "an answer was provided",          \
	    "情報が提供された")                                                \
	X(OUTCOME_PENDING, 11, "pending", "waits for an official",             \
	    "職員の判断待ち")                                                  \
	X(OUTCOME_WITHHELD, 12, "withheld", "withheld by an official",         \
	    "職員の判断により提供されない")                                    \
	X(OUTCOME_NOT_HELD, 13, "not-held",                                    \
	    "the provider holds no code for the person",                       \
	    "提供者はこの人の符号を保有していない")                            \
	X(OUTCOME_PROVIDER_REFUSED, 14, "provider-refused",                    \
	    "the provider found the permit unusable",                          \
	    "提供者が許可証を確認できず拒否した")                              \
	X(OUTCOME_LAPSED, 15, "lapsed", "no answer before the permit ended",   \
	    "有効期間内に回答がなく失効")                                      \
	X(OUTCOME_UNCOLLECTED, 16, "uncollected",                              \
	    "the answer was never collected", "回答が受け取られなかった")      \
	X(OUTCOME_SUSPENDED_LATE, 17, "suspended-late",                        \
	    "suspended after the permit and before the answer",                \
	    "許可の後、回答の前に停止された")                                  \
	/* the law's refusals */                                               \
	X(OUTCOME_NO_ROW, 30, "no-row", "no such row is in force that day",    \
	    "その日に有効な項がない")                                          \
	X(OUTCOME_NOT_INQUIRER, 31, "not-inquirer",                            \
	    "the row does not name this inquirer",                             \
	    "その項はこの照会者を定めていない")                                \
	X(OUTCOME_NOT_PROVIDER, 32, "not-provider",                            \
	    "the row does not name this provider",                             \
	    "その項はこの提供者を定めていない")                                \
	X(OUTCOME_NO_DATA, 33, "no-data",                                      \
	    "the row does not let this data be asked of this provider",        \
	    "その項はこの提供者からのこの特定個人情報を定めていない")          \
	X(OUTCOME_NOT_DELEGATED, 34, "not-delegated",                          \
	    "the task was not delegated to this body",                         \
	    "その事務はこの機関に委任されていない")                            \
	X(OUTCOME_CELL_UNRESOLVED, 35, "cell-unresolved",                      \
	    "the table's words name no body we know",                          \
	    "表の文言から機関を特定できない")                                  \
	X(OUTCOME_NO_PROCEDURE, 36, "no-procedure",                            \
	    "no such procedure of this row is in force that day",              \
	    "その項にその日有効なこの事務手続がない")                          \
	X(OUTCOME_OTHER_ROW, 37, "procedure-of-other-row",                     \
	    "the procedure belongs to another row",                            \
	    "この事務手続は別の項のもの")                                      \
	X(OUTCOME_NOT_YET, 38, "not-yet-in-force", "not yet in force",         \
	    "まだ施行されていない")                                            \
	X(OUTCOME_ENDED, 39, "no-longer-in-force", "no longer in force",       \
	    "もう効力がない")                                                  \
	X(OUTCOME_UNMAPPED, 40, "unmapped",                                    \
	    "the procedure's words are not mapped to data yet",                \
	    "事務手続の文言が情報名に対応付けられていない")                    \
	X(OUTCOME_PROCEDURE_DATA, 41, "procedure-data",                        \
	    "the procedure's text does not allow this data",                   \
	    "事務手続の条文はこの情報を認めていない")                          \
	X(OUTCOME_NO_PIA, 42, "no-pia",                                        \
	    "no privacy impact assessment is published (Act 21(2), 28(6))",    \
	    "特定個人情報保護評価が公表されていない")                          \
	X(OUTCOME_SUSPENDED, 43, "suspended", "suspended by a policy officer", \
	    "提供が停止されている")                                            \
	X(OUTCOME_UNKNOWN_BODY, 44, "unknown-body", "no such body",            \
	    "該当する機関がない")                                              \
	X(OUTCOME_DECLINED, 45, "declined",                                    \
	    "the provider has filed that it declines this ordinance task",     \
	    "提供者がこの独自利用事務への提供をしない旨を届け出ている")        \
	X(OUTCOME_BAD_CODE, 46, "bad-code",                                    \
	    "the code is not one issued to this inquirer",                     \
	    "この照会者に発行された符号ではない")                              \
	X(OUTCOME_STALE, 47, "stale", "the question is too old or early",      \
	    "照会の時刻が有効な範囲にない")                                    \
	X(OUTCOME_BAD_QUESTION, 48, "bad-question",                            \
	    "the question lacks something it must carry",                      \
	    "照会に必要な項目が欠けている")                                    \
	/* issue of codes */                                                   \
	X(OUTCOME_ISSUED, 60, "issued", "a link code was issued",              \
	    "符号を発行した")                                                  \
	X(OUTCOME_ALREADY, 61, "already-acquired",                             \
	    "this agency holds a code for the person (Rule 44(2))",            \
	    "この機関は既に符号を取得している")                                \
	X(OUTCOME_NO_RESIDENT, 62, "no-resident", "no such resident",          \
	    "該当する住民がいない")                                            \
	/* inner outcomes, sealed to the inquirer */                           \
	X(OUTCOME_DATA, 80, "data", "data", "情報あり")                        \
	X(OUTCOME_NO_RECORD, 81, "no-record",                                  \
	    "the provider has no such record of the person",                   \
	    "該当する記録がない")                                              \
	X(OUTCOME_NOT_FRESH, 82, "not-fresh",                                  \
	    "the record is older than was demanded",                           \
	    "求められた時点より古い記録しかない")

enum outcome {
#define OUTCOME_ENUM(name, number, code, en, ja) name = number,
	OUTCOME_TABLE(OUTCOME_ENUM)
#undef OUTCOME_ENUM
};

/* The stable code; "refused" for a number outside the table. Static text. */
const char *outcome_code(enum outcome o);
/* One sentence, English and Japanese, without a full stop. Static text. */
const char *outcome_sentence(enum outcome o);
const char *outcome_sentence_ja(enum outcome o);
/* Whether the number is one of the table's. */
int outcome_known(unsigned number);

#endif
