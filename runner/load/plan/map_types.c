// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

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
