#include "agents/cli/question.h"

#include <stddef.h>
#include <string.h>

#include "lib/clock.h"

/* Option, field of the request, and where it lies. */
static const struct field {
	const char *option, *key;
	size_t offset;
	bool required;
} fields[] = {
#define FIELD(option, key, member, required)                             \
	{                                                                \
		option, key, offsetof(struct question, member), required \
	}
    FIELD("person", "person", person, true),
    FIELD("task", "task", task, true),
    FIELD("provider", "provider", provider, true),
    FIELD("case", "case", case_reference, true),
    FIELD("procedure", "procedure", procedure, false),
    FIELD("unit", "unit", unit, false),
    FIELD("official", "official", official, false),
    FIELD("relation", "relation", relation, false),
    FIELD("inquirer-for", "inquirer_for", inquirer_for, false),
    FIELD("provider-for", "provider_for", provider_for, false),
    FIELD("from", "period_from", from, false),
    FIELD("until", "period_until", until, false),
    FIELD("fresh", NULL, fresh, false),
#undef FIELD
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char **
text_at(const struct question *q, size_t i)
{
	return (const char **)((uintptr_t)q + fields[i].offset);
}

static uint64_t
fresh_ms(const struct question *q)
{
	struct day day;

	if (q->fresh == NULL || day_parse(q->fresh, &day) != ERR_NONE)
		return 0;
	return day_start_ms(day);
}

enum err
question_check(const struct question *q, const char **about)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		*about = fields[i].option;
		if (fields[i].required && *text_at(q, i) == NULL)
			return ERR_USAGE;
	}
	*about = "data";
	if (q->data.n == 0)
		return ERR_USAGE;
	*about = "fresh";
	return q->fresh != NULL && fresh_ms(q) == 0 ? ERR_USAGE : ERR_NONE;
}

bool
question_set(struct question *q, const char *name, const char *value)
{
	if (strcmp(name, "data") == 0) {
		q->data = (struct cli_list){{value}, 1};
		return true;
	}
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strcmp(fields[i].option, name) == 0) {
			*text_at(q, i) = value;
			return true;
		}
	return false;
}

json_t *
question_json(const struct question *q)
{
	json_t *o = json_object(), *data = json_array();

	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].key != NULL && *text_at(q, i) != NULL)
			json_object_set_new(
			    o, fields[i].key, json_string(*text_at(q, i)));
	for (size_t i = 0; i < q->data.n; i++)
		json_array_append_new(data, json_string(q->data.v[i]));
	json_object_set_new(o, "data", data);
	json_object_set_new(o, "non_disclosure", json_boolean(q->hide));
	if (fresh_ms(q) != 0)
		json_object_set_new(
		    o, "as_of_min_ms", json_integer((json_int_t)fresh_ms(q)));
	return o;
}
