// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How much the kernel allocates from each of its slab caches. The live table, sorted by the column
 * with the rate, shows the busiest.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

struct cache_key {
	char cache[32] BOMBUS_LABEL BOMBUS_HELP("name of the cache, as in /proc/slabinfo");
};
struct cache_value {
	__u64 allocations BOMBUS_HELP("objects allocated");
	bytes size BOMBUS_HELP("bytes of these objects");
};
BOMBUS_LOST(slab);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct cache_key);
	__type(value, struct cache_value);
} slab SEC(".maps.counter") BOMBUS_HELP("allocations of the kernel by slab cache");

SEC("tp_btf/kmem_cache_alloc")
int BPF_PROG(on_alloc, unsigned long call_site, __u64 object, struct kmem_cache *cache)
{
	struct cache_value *value;
	struct cache_key key = {};

	if (bombus_filtered())
		return 0;
	bpf_probe_read_kernel_str(key.cache, sizeof(key.cache), BPF_CORE_READ(cache, name));
	value = bombus_entry(&slab, &key);
	if (!value)
		return 0;
	bombus_add(&value->allocations, 1);
	bombus_add(&value->size, BPF_CORE_READ(cache, size));
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("allocations of the kernel by slab cache") = "GPL";
