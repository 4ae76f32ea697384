// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Calls of the allocation functions of libc, with the sizes. Nothing is kept of an allocation; for
 * memory that is never freed, see memleak. With --pid or --container, libc is that of these
 * processes. Another library:
 *
 *	bombus run mallocs --attach '*=libjemalloc'
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;
const volatile bool
	by_comm BOMBUS_PARAM BOMBUS_HELP("the histogram has a series for each thread name") = false;

enum function {
	CALLS_MALLOC,
	CALLS_CALLOC,
	CALLS_REALLOC,
	CALLS_MEMALIGN, /* and posix_memalign(), aligned_alloc() */
	CALLS_FREE,
};

struct process_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	enum function function BOMBUS_HELP("function of libc");
};
struct process_value {
	__u64 calls BOMBUS_HELP("calls");
	bytes size BOMBUS_HELP("bytes that were asked for");
};
BOMBUS_LOST(print_by_process);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct process_key);
	__type(value, struct process_value);
} print_by_process SEC(".maps") BOMBUS_HELP("calls by process");

struct size_key {
	enum function function BOMBUS_LABEL BOMBUS_HELP("function of libc");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(allocation_size, struct size_key, 16384)
BOMBUS_UNIT("bytes") BOMBUS_HELP("bytes that calls ask for");

static __always_inline int count(enum function function, __u64 size)
{
	struct process_key key = { .function = function };
	struct process_value *value;
	struct size_key by_size = { .function = function };

	if (bombus_filtered())
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	value = bombus_entry(&print_by_process, &key);
	if (value) {
		bombus_add(&value->calls, 1);
		bombus_add(&value->size, size);
	}
	if (function == CALLS_FREE)
		return 0;
	if (by_comm)
		__builtin_memcpy(by_size.comm, key.comm, sizeof(by_size.comm));
	bombus_histogram_observe(&allocation_size, &by_size, size);
	return 0;
}

SEC("uprobe/libc:malloc")
int BPF_KPROBE(on_malloc, size_t size)
{
	return count(CALLS_MALLOC, size);
}

SEC("uprobe/libc:calloc")
int BPF_KPROBE(on_calloc, size_t members, size_t size)
{
	return count(CALLS_CALLOC, members * size);
}

SEC("uprobe/libc:realloc")
int BPF_KPROBE(on_realloc, void *old, size_t size)
{
	return count(CALLS_REALLOC, size);
}

SEC("uprobe/libc:posix_memalign")
int BPF_KPROBE(on_posix_memalign, void **result_at, size_t alignment, size_t size)
{
	return count(CALLS_MEMALIGN, size);
}

SEC("uprobe/libc:aligned_alloc")
int BPF_KPROBE(on_aligned_alloc, size_t alignment, size_t size)
{
	return count(CALLS_MEMALIGN, size);
}

SEC("uprobe/libc:free")
int BPF_KPROBE(on_free, void *address)
{
	return address ? count(CALLS_FREE, 0) : 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("calls of malloc and its family, by process") = "GPL";
