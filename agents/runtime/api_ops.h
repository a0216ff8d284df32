/* The operations of the local API. */
#ifndef AGENTS_RUNTIME_API_OPS_H
#define AGENTS_RUNTIME_API_OPS_H

#include "agents/runtime/api.h"

/*
 * One operation: answers the request now, or keeps client and tag and answers
 * later. What it returns other than ERR_NONE is answered for it, with the
 * field it is about in *about.
 */
struct api_op {
	const char *name;
	bool agency; /* names an agency this process hosts */
	enum err (*run)(const struct api_request *r, const char **about);
};

/* NULL if there is no such operation. */
const struct api_op *api_op_find(const char *name);

/* Implemented by a file each; see docs/agent.md for their fields. */
enum err op_inquire(const struct api_request *r, const char **about);
enum err op_retry(const struct api_request *r, const char **about);
enum err op_exchange(const struct api_request *r, const char **about);
enum err op_records(const struct api_request *r, const char **about);
enum err op_waiting(const struct api_request *r, const char **about);
enum err op_decide(const struct api_request *r, const char **about);
enum err op_acquire(const struct api_request *r, const char **about);
enum err op_import(const struct api_request *r, const char **about);
enum err op_status(const struct api_request *r, const char **about);

#endif
