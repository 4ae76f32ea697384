// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Memory that programs allocated and have not freed, by the stack of the allocation. It follows
 * libc's functions; with --pid or --container, in the libc of these processes. Another library:
 *
 *	bombus run memleak --pid 123 --attach '*=libjemalloc'
 *
 * Allocations before the start are not known, and freeing them is not counted. The rows of a
 * process stay after its end: they are memory that it never freed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile bytes
	min_size BOMBUS_PARAM BOMBUS_HELP("only allocations of at least so many bytes") = 0;
const volatile __u32 sample_rate BOMBUS_PARAM BOMBUS_HELP("follow one allocation of so many") = 1;

BOMBUS_STACKS(stacks, 16384);

struct leak_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread that allocated");
	ustack_id stack BOMBUS_HELP("where it allocated");
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

/* For metrics: no stacks, and no series a process. */
struct heap {
	__u64 allocations BOMBUS_COUNTER BOMBUS_HELP("allocations that are followed");
	__u64 frees BOMBUS_COUNTER BOMBUS_HELP("of these: freed");
	bytes allocated BOMBUS_COUNTER BOMBUS_HELP("bytes of allocations");
	bytes freed BOMBUS_COUNTER BOMBUS_HELP("of these: freed");
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct heap);
} heap SEC(".maps.counter") BOMBUS_HELP("allocations of all processes together");

struct address {
	__u64 address;
	__u64 pid;
};
struct allocation {
	struct leak_key key;
	__u64 size;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct address);
	__type(value, struct allocation);
} allocations SEC(".maps") BOMBUS_HELP("what is not freed, by address");

/* The request of a thread. A function that calls another of them counts as that one. */
struct demand {
	__u64 size;
	__u64 replaces;	  /* realloc() */
	void **result_at; /* posix_memalign() */
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct demand);
} requests SEC(".maps") BOMBUS_HELP("threads that allocate, by thread id");

static __always_inline struct heap *heap_now(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&heap, &zero);
}

static __always_inline int enter(__u64 size, __u64 replaces, void **result_at)
{
	struct demand request = { .size = size, .replaces = replaces, .result_at = result_at };
	__u32 tid = bpf_get_current_pid_tgid();

	if (bombus_filtered())
		return 0;
	if (bpf_map_update_elem(&requests, &tid, &request, BPF_ANY))
		bombus_lost(&print_outstanding);
	return 0;
}

static __always_inline void forget(__u64 address)
{
	struct address key = { address, bpf_get_current_pid_tgid() >> 32 };
	struct allocation *found = bpf_map_lookup_elem(&allocations, &key);
	struct heap *heap = heap_now();
	struct leak_value *value;
	__u64 size;

	if (!found)
		return;
	size = found->size;
	value = bpf_map_lookup_elem(&print_outstanding, &found->key);
	/* Of two threads that free the same, one deletes it. */
	if (bpf_map_delete_elem(&allocations, &key))
		return;
	if (value) {
		bombus_add(&value->size, -size);
		bombus_add(&value->count, -1);
	}
	if (heap) {
		bombus_add(&heap->frees, 1);
		bombus_add(&heap->freed, size);
	}
}

static __always_inline void remember(void *ctx, __u64 address, __u64 size)
{
	__u64 pid = bpf_get_current_pid_tgid() >> 32;
	struct address key = { address, pid };
	struct leak_value *value;
	struct allocation allocation = {};
	struct heap *heap = heap_now();

	forget(address); /* it was freed in a way that is not seen */
	allocation.size = size;
	allocation.key.pid = pid;
	bpf_get_current_comm(allocation.key.comm, sizeof(allocation.key.comm));
	allocation.key.stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	value = bombus_entry(&print_outstanding, &allocation.key);
	if (!value)
		return;
	if (bpf_map_update_elem(&allocations, &key, &allocation, BPF_ANY)) {
		bombus_lost(&print_outstanding);
		return;
	}
	bombus_add(&value->size, size);
	bombus_add(&value->count, 1);
	if (heap) {
		bombus_add(&heap->allocations, 1);
		bombus_add(&heap->allocated, size);
	}
}

static __always_inline int leave(struct pt_regs *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct demand *found = bpf_map_lookup_elem(&requests, &tid), request;
	__u64 address = PT_REGS_RC(ctx);

	if (!found)
		return 0;
	request = *found;
	bpf_map_delete_elem(&requests, &tid);
	if (request.result_at &&
	    (address || bpf_probe_read_user(&address, sizeof(address), request.result_at)))
		return 0; /* an error is what posix_memalign() returns */
	if (request.replaces && (address || !request.size))
		forget(request.replaces);
	if (address && request.size >= min_size &&
	    (sample_rate <= 1 || bpf_get_prandom_u32() % sample_rate == 0))
		remember(ctx, address, request.size);
	return 0;
}

SEC("uprobe/libc:malloc")
int BPF_KPROBE(malloc_enter, size_t size)
{
	return enter(size, 0, NULL);
}

SEC("uretprobe/libc:malloc")
int malloc_leave(struct pt_regs *ctx)
{
	return leave(ctx);
}

SEC("uprobe/libc:calloc")
int BPF_KPROBE(calloc_enter, size_t count, size_t size)
{
	return enter(count * size, 0, NULL);
}

SEC("uretprobe/libc:calloc")
int calloc_leave(struct pt_regs *ctx)
{
	return leave(ctx);
}

SEC("uprobe/libc:realloc")
int BPF_KPROBE(realloc_enter, void *old, size_t size)
{
	return enter(size, (__u64)old, NULL);
}

SEC("uretprobe/libc:realloc")
int realloc_leave(struct pt_regs *ctx)
{
	return leave(ctx);
}

SEC("uprobe/libc:posix_memalign")
int BPF_KPROBE(posix_memalign_enter, void **result_at, size_t alignment, size_t size)
{
	return enter(size, 0, result_at);
}

SEC("uretprobe/libc:posix_memalign")
int posix_memalign_leave(struct pt_regs *ctx)
{
	return leave(ctx);
}

SEC("uprobe/libc:aligned_alloc")
int BPF_KPROBE(aligned_alloc_enter, size_t alignment, size_t size)
{
	return enter(size, 0, NULL);
}

SEC("uretprobe/libc:aligned_alloc")
int aligned_alloc_leave(struct pt_regs *ctx)
{
	return leave(ctx);
}

SEC("uprobe/libc:memalign")
int BPF_KPROBE(memalign_enter, size_t alignment, size_t size)
{
	return enter(size, 0, NULL);
}

SEC("uretprobe/libc:memalign")
int memalign_leave(struct pt_regs *ctx)
{
	return leave(ctx);
}

SEC("uprobe/libc:free")
int BPF_KPROBE(free_enter, void *address)
{
	if (address && !bombus_filtered())
		forget((__u64)address);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("memory that programs have not freed, by stack, through libc") = "GPL";
