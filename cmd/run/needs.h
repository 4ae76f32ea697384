/* SPDX-License-Identifier: Apache-2.0 */
/* Which features of the kernel a program asks for, told from its hooks and maps alone. */
#ifndef BOMBUS_CMD_RUN_NEEDS_H
#define BOMBUS_CMD_RUN_NEEDS_H

#include <stddef.h>
#include "runner/load/plan/plan.h"

/* One of several features will do where a job has alternatives. Names as `bombus check` has them.
 */
#define NEED_MAX_ALTERNATIVES 8
struct need {
	const char *any_of[NEED_MAX_ALTERNATIVES];
	size_t count;
	char *reason; /* "program tcp_connect", "map events" */
};

struct needs {
	struct need *items;
	size_t count;
};

/* The names are borrowed from the plan or static. */
void needs_of(const struct plan *plan, struct needs *ret);
void needs_release(struct needs *needs);

/* "fentry or kprobe", malloc'ed. */
char *need_text(const struct need *need);

#endif
