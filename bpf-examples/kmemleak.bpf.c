// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Memory that the kernel allocated and has not freed, by the stack of the allocation: kmalloc() and
 * the slab caches. Allocations before the start are not known, and freeing them is not counted. The
 * filters select the thread that allocates. For memory of programs, see memleak.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define TRACING_FRAMES 2 /* of the stack: this program, and how the kernel calls it */

BOMBUS_FILTERS;
const volatile bytes
	min_size BOMBUS_PARAM BOMBUS_HELP("only allocations of at least so many bytes") = 0;

BOMBUS_STACKS(stacks, 16384);

struct leak_key {
	kstack_id stack BOMBUS_HELP("where the kernel allocated");
};
struct leak_value {
	bytes size BOMBUS_HELP("bytes that are not freed");
	__u64 count BOMBUS_HELP("allocations that are not freed");
};
BOMBUS_LOST(print_outstanding);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct leak_key);
	__type(value, struct leak_value);
} print_outstanding SEC(".maps") BOMBUS_HELP("allocations that are not freed, by stack");

/* For metrics: no stacks. */
struct kernel_heap {
	__u64 allocations BOMBUS_COUNTER BOMBUS_HELP("allocations that are followed");
	__u64 frees BOMBUS_COUNTER BOMBUS_HELP("of these: freed");
	bytes allocated BOMBUS_COUNTER BOMBUS_HELP("bytes of allocations");
	bytes freed BOMBUS_COUNTER BOMBUS_HELP("of these: freed");
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel_heap);
} kernel_heap SEC(".maps.counter") BOMBUS_HELP("allocations of the kernel");

struct allocation {
	struct leak_key key;
	__u32 size;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, struct allocation);
} allocations SEC(".maps") BOMBUS_HELP("what is not freed, by address");

static __always_inline struct kernel_heap *heap_now(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&kernel_heap, &zero);
}

static __always_inline int frees(__u64 address)
{
	struct allocation *found = bpf_map_lookup_elem(&allocations, &address);
	struct kernel_heap *heap = heap_now();
	struct leak_value *value;
	__u64 size;

	if (!found)
		return 0;
	size = found->size;
	value = bpf_map_lookup_elem(&print_outstanding, &found->key);
	if (bpf_map_delete_elem(&allocations, &address))
		return 0;
	if (value) {
		bombus_add(&value->size, -size);
		bombus_add(&value->count, -1);
	}
	if (heap) {
		bombus_add(&heap->frees, 1);
		bombus_add(&heap->freed, size);
	}
	return 0;
}

static __always_inline int allocates(void *ctx, __u64 address, __u64 size)
{
	struct allocation allocation = { .size = size };
	struct kernel_heap *heap = heap_now();
	struct leak_value *value;

	if (!address || size < min_size || bombus_filtered())
		return 0;
	frees(address); /* it was freed in a way that is not seen */
	allocation.key.stack = bpf_get_stackid(ctx, &stacks, TRACING_FRAMES);
	value = bombus_entry(&print_outstanding, &allocation.key);
	if (!value)
		return 0;
	if (bpf_map_update_elem(&allocations, &address, &allocation, BPF_ANY)) {
		bombus_lost(&print_outstanding);
		return 0;
	}
	bombus_add(&value->size, size);
	bombus_add(&value->count, 1);
	if (heap) {
		bombus_add(&heap->allocations, 1);
		bombus_add(&heap->allocated, size);
	}
	return 0;
}

/* kmalloc(call_site, address, size asked for, size given, ...) */
SEC("raw_tp/kmalloc")
int on_kmalloc(struct bpf_raw_tracepoint_args *ctx)
{
	return allocates(ctx, ctx->args[1], ctx->args[3]);
}

/* kmem_cache_alloc(call_site, address, cache, ...) */
SEC("raw_tp/kmem_cache_alloc")
int on_cache_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	const struct kmem_cache *cache = (const void *)ctx->args[2];

	return allocates(ctx, ctx->args[1], BPF_CORE_READ(cache, size));
}

SEC("raw_tp/kfree")
int on_kfree(struct bpf_raw_tracepoint_args *ctx)
{
	return frees(ctx->args[1]);
}

SEC("raw_tp/kmem_cache_free")
int on_cache_free(struct bpf_raw_tracepoint_args *ctx)
{
	return frees(ctx->args[1]);
}

char LICENSE[] SEC("license") BOMBUS_HELP("memory that the kernel has not freed, by stack") = "GPL";
