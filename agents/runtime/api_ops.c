#include "agents/runtime/api_ops.h"

#include <string.h>

static const struct api_op ops[] = {
    {"inquire", true, op_inquire},
    {"retry", true, op_retry},
    {"exchange", true, op_exchange},
    {"records", true, op_records},
    {"waiting", true, op_waiting},
    {"decide", true, op_decide},
    {"acquire", true, op_acquire},
    {"import", true, op_import},
    {"status", false, op_status},
};

const struct api_op *
api_op_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}
