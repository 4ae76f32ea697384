/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the files of hooks.h: where each kind comes from. */
#ifndef BOMBUS_RUNNER_LOAD_HOOKS_HOOKS_INTERNAL_H
#define BOMBUS_RUNNER_LOAD_HOOKS_HOOKS_INTERNAL_H

#include "base/arena.h"
#include "runner/load/hooks/hooks.h"

#define HOOK_ARGS_MAX 64

/* One listing. */
struct hooks_walk {
	const struct hooks_query *query;
	hook_found found;
	void *ctx;
};

/* Whether the query may have hooks of this kind ("fentry") at all. */
bool hooks_wants_kind(const struct hooks_walk *walk, const char *kind);
bool hooks_matches(const struct hooks_walk *walk, const char *section);

/* Each calls `found` for what matches, and returns what that returned. What cannot be read is left
 * out: another kernel, other rights. */
int hooks_of_tracefs(const struct hooks_walk *walk);
int hooks_of_btf(const struct hooks_walk *walk);
int hooks_fixed(const struct hooks_walk *walk);
int hooks_of_binary(const struct hooks_walk *walk, struct err *err);

#endif
