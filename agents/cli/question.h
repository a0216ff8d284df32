/* What an inquiry asks, as options of the command or columns of a file. */
#ifndef AGENTS_CLI_QUESTION_H
#define AGENTS_CLI_QUESTION_H

#include "agents/cli/cli.h"

/* Every text may be NULL: not given. */
struct question {
	const char *person, *task, *procedure, *provider, *case_reference;
	const char *unit, *official, *relation, *inquirer_for, *provider_for;
	const char *from, *until, *fresh;
	struct cli_list data;
	bool hide;
};

#define QUESTION_OPTIONS(q)                                                    \
	{"person", NULL, &(q).person, NULL, "NO",                              \
	    "our own number for the person (never a My Number)",               \
	    "宛名番号（個人番号ではない）"},                                   \
	    {"task", NULL, &(q).task, NULL, "ROW", "row of the table",         \
		"表の項"},                                                     \
	    {"procedure", NULL, &(q).procedure, NULL, "CODE",                  \
		"procedure within the task", "事務手続"},                      \
	    {"provider", NULL, &(q).provider, NULL, "CODE", "who is asked",    \
		"情報提供者"},                                                 \
	    {"data", NULL, NULL, &(q).data, "NAME",                            \
		"data name of the table; may be repeated",                     \
		"特定個人情報の名称（繰り返し可）"},                           \
	    {"case", NULL, &(q).case_reference, NULL, "REF",                   \
		"the case this is for", "案件番号"},                           \
	    {"unit", NULL, &(q).unit, NULL, "NAME", "organisation unit",       \
		"照会する部署"},                                               \
	    {"official", NULL, &(q).official, NULL, "ID",                      \
		"who asks; stays in our own record",                           \
		"照会する職員（自機関の記録のみ）"},                           \
	    {"relation", NULL, &(q).relation, NULL, "WORD",                    \
		"the person's relation to the case", "本人と案件の関係"},      \
	    {"inquirer-for", NULL, &(q).inquirer_for, NULL, "CODE",            \
		"whose task we carry out", "委任元（照会側）"},                \
	    {"provider-for", NULL, &(q).provider_for, NULL, "CODE",            \
		"whose task the provider carries out", "委任元（提供側）"},    \
	    {"from", NULL, &(q).from, NULL, "YEAR", "first fiscal year asked", \
		"対象期間の始め（年度）"},                                     \
	    {"until", NULL, &(q).until, NULL, "YEAR",                          \
		"last fiscal year asked", "対象期間の終わり（年度）"},         \
	    {"fresh", NULL, &(q).fresh, NULL, "YYYY-MM-DD",                    \
		"refuse records older than this day",                          \
		"この日より古い記録は受け取らない"},                           \
	{                                                                      \
		"hide", &(q).hide, NULL, NULL, NULL,                           \
		    "flag the exchange as not to be disclosed",                \
		    "不開示の申出を付ける"                           \
	}

/*
 * The request for the agent, a new reference. `fresh` must be a day:
 * otherwise it is passed on as 0 and question_check says so.
 */
json_t *question_json(const struct question *q);
/* ERR_USAGE and what is missing or wrong in *about. */
enum err question_check(const struct question *q, const char **about);
/* Set a text by the name of its option; false if there is none. */
bool question_set(struct question *q, const char *name, const char *value);

#endif
