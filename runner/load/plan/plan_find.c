// SPDX-License-Identifier: Apache-2.0
/* Looking things up in a plan, finished or not. */
#include <stdio.h>
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

struct map_plan *plan_map(const struct plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (streq(plan->maps[i].name, name))
			return &plan->maps[i];
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (streq(plan->maps[i].symbol, name))
			return &plan->maps[i];
	return NULL;
}

struct prog_plan *plan_prog(const struct plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (streq(plan->progs[i].name, name))
			return &plan->progs[i];
	return NULL;
}

struct param *plan_param(const struct plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nparams; i++)
		if (streq(plan->params[i].name, name))
			return &plan->params[i];
	return NULL;
}

const struct field *plan_unknown_stacks(const struct map_plan *map, const struct field *from)
{
	const struct layout *layouts[] = { map->has_key ? &map->key : NULL,
					   map->has_value ? &map->value : NULL };
	bool passed = !from;

	for (size_t l = 0; l < ARRAY_LEN(layouts); l++) {
		for (uint32_t i = 0; layouts[l] && i < layouts[l]->nfields; i++) {
			const struct field *f = &layouts[l]->fields[i];

			if (passed && f->stacks == FIELD_NO_STACKS)
				return f;
			passed = passed || f == from;
		}
	}
	return NULL;
}

/* By the kernel's number, from 1 on. */
static const struct map_type map_types[] = {
	{ "hash", SOURCE_HASH },
	{ "array", SOURCE_ARRAY },
	{ "prog_array" },
	{ "perf_event_array", SOURCE_PERF },
	{ "percpu_hash", SOURCE_HASH, true },
	{ "percpu_array", SOURCE_ARRAY, true },
	{ "stack_trace" },
	{ "cgroup_array" },
	{ "lru_hash", SOURCE_HASH },
	{ "lru_percpu_hash", SOURCE_HASH, true },
	{ "lpm_trie" },
	{ "array_of_maps" },
	{ "hash_of_maps" },
	{ "devmap" },
	{ "sockmap" },
	{ "cpumap" },
	{ "xskmap" },
	{ "sockhash" },
	{ "cgroup_storage" },
	{ "reuseport_sockarray" },
	{ "percpu_cgroup_storage" },
	{ "queue", SOURCE_QUEUE },
	{ "stack", SOURCE_QUEUE },
	{ "sk_storage" },
	{ "devmap_hash" },
	{ "struct_ops" },
	{ "ringbuf", SOURCE_RING },
	{ "inode_storage" },
	{ "task_storage" },
	{ "bloom_filter" },
	{ "user_ringbuf" },
	{ "cgrp_storage" },
	{ "arena" },
	{ "insn_array" },
};

const struct map_type *map_type_find(uint32_t type)
{
	return type && type <= ARRAY_LEN(map_types) ? &map_types[type - 1] : NULL;
}

const char *map_type_name(uint32_t type)
{
	static _Thread_local char other[32];
	const struct map_type *known = map_type_find(type);

	if (known)
		return known->name;
	if (!type) /* no map: the records of an iterator */
		return "iterator";
	snprintf(other, sizeof(other), "type %u", type);
	return other;
}

static bool has_user_stacks(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].meaning == MEAN_USTACK && layout->fields[i].has_pid)
			return true;
	return false;
}

bool plan_has_user_stacks(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];

		if ((map->has_key && has_user_stacks(&map->key)) ||
		    (map->has_value && has_user_stacks(&map->value)))
			return true;
	}
	return false;
}
