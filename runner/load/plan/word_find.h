/* SPDX-License-Identifier: Apache-2.0 */
/* The maps and fields that words of the command line name, while a plan is made. */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_WORD_FIND_H
#define BOMBUS_RUNNER_LOAD_PLAN_WORD_FIND_H

#include "runner/load/plan/plan_internal.h"

/* The map in front of `sep`; *ret_rest is what follows, inside `text`, which is cut there. NULL: an
 * error is set, with the nearest name as hint. */
struct map_plan *word_map(struct plan_ctx *ctx, const char *option, const char *form, char *text,
			  char sep, char **ret_rest);
/* NULL: an error is set, with the nearest name as hint. */
struct field *word_field(struct plan_ctx *ctx, const char *option, struct map_plan *map,
			 const char *name);
/* In the key, else in the value. NULL: there is none. */
struct field *word_find_field(struct map_plan *map, const char *name);

#endif
