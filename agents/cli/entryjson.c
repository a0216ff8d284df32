#include "agents/cli/entryjson.h"

#include "lib/entry.h"
#include "lib/hex.h"
#include "lib/outcome.h"

static void
put_number(json_t *o, const char *name, uint64_t v)
{
	if (v != 0)
		json_object_set_new(o, name, json_integer((json_int_t)v));
}

static void
put_text(json_t *o, const char *name, const char *v)
{
	if (v[0] != 0)
		json_object_set_new(o, name, json_string(v));
}

static void
put_texts(json_t *o, const char *name, const char (*v)[NAME_MAX_ + 1], size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(v[i]));
	if (n > 0)
		json_object_set(o, name, list);
	json_decref(list);
}

static void
put_bytes(json_t *o, const char *name, const uint8_t *v, size_t n)
{
	char hex[2 * HASH_LEN + 1];
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || v[i] != 0;
	if (any)
		json_object_set_new(
		    o, name, json_string(hex_encode(span_of(v, n), hex)));
}

#define PUT_VERSION(name, limit) put_number(o, #name, e->name);
#define PUT_U32(name, limit) put_number(o, #name, e->name);
#define PUT_U64(name, limit) put_number(o, #name, e->name);
#define PUT_BOOL(name, limit) \
	if (e->name)          \
		json_object_set_new(o, #name, json_true());
#define PUT_TEXT(name, limit) put_text(o, #name, e->name);
#define PUT_TEXTS(name, limit) put_texts(o, #name, e->name, e->n_##name);
#define PUT_FIXED(name, limit) put_bytes(o, #name, e->name, limit);
#define PUT_FIXED0(name, limit) put_bytes(o, #name, e->name, limit);
#define PUT(kind, name, limit) PUT_##kind(name, limit)

json_t *
entryjson(const struct entry *e)
{
	json_t *o = json_object();

	ENTRY_FIELDS(PUT)
	put_text(o, "type_code", entry_type_code(e->type));
	if (e->outcome != 0)
		put_text(
		    o, "outcome_code", outcome_code((enum outcome)e->outcome));
	return o;
}
