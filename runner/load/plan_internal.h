/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of plan_compile() share. */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_INTERNAL_H
#define BOMBUS_RUNNER_LOAD_PLAN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/load/plan.h"
#include "runner/load/tags.h"

struct bpf_object;
struct btf;
struct elf_image;

struct plan_ctx {
	struct plan *plan;
	struct bpf_object *obj;
	const struct btf *btf;
	const struct tags *tags;
	const struct elf_image *image;
	const char *const *words; /* --map */
	size_t nwords;
	bool all_maps;
	struct err *err;
};

int plan_progs(struct plan_ctx *ctx);
int plan_maps(struct plan_ctx *ctx); /* after plan_progs() */
int plan_params(struct plan_ctx *ctx);

/* Where a map's role was said. The order is the rule's. */
enum role_origin { ORIGIN_WORD, ORIGIN_SUFFIX, ORIGIN_PREFIX, ORIGIN_PLAIN };

/*
 * Sets map->role (and exported), once the layouts are there: `role` is what was asked for.
 * `why` is what layout_compile() had to say about a layout that is missing, "" nothing.
 */
int role_apply(struct map_plan *map, enum map_role role, enum role_origin origin, const char *why,
	       struct err *err);

/* The role that a name begins with ("counter_"), -1: none. *ret_rest is what follows it. */
int role_of_prefix(const char *name, const char **ret_rest);

#endif
