// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long threads and CPUs wait for locks of the kernel, by kind of lock and stack. A lock that is
 * free costs nothing and is not seen.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define TRACING_FRAMES 2 /* of the stack: this program, and how the kernel calls it */
/* The kernel's LCB_F_..., which are macros. */
#define FLAG_SPIN 1u
#define FLAG_READ 2u
#define FLAG_WRITE 4u
#define FLAG_RT 8u
#define FLAG_PERCPU 16u
#define FLAG_MUTEX 32u

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only waits of at least this") = 0;

enum lock_kind {
	LOCK_OTHER,
	LOCK_SPIN,
	LOCK_SPIN_READ, /* rwlock_t */
	LOCK_SPIN_WRITE,
	LOCK_MUTEX,
	LOCK_READ, /* rw_semaphore */
	LOCK_WRITE,
	LOCK_RT_MUTEX,
	LOCK_PERCPU, /* percpu_rw_semaphore */
};

BOMBUS_STACKS(stacks, 16384);

struct lock_key {
	enum lock_kind kind BOMBUS_HELP("kind of lock");
	kstack_id stack BOMBUS_HELP("where the kernel waits");
};
struct lock_value {
	duration time BOMBUS_HELP("time waited");
	__u64 waits BOMBUS_HELP("waits");
	duration max BOMBUS_HELP("longest wait");
};
BOMBUS_LOST(print_locks);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct lock_key);
	__type(value, struct lock_value);
} print_locks SEC(".maps") BOMBUS_HELP("waits by stack");

struct time_key {
	enum lock_kind kind BOMBUS_LABEL BOMBUS_HELP("kind of lock");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(kernel_lock_wait_time, struct time_key, 1024)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that the kernel waits for its locks");

/* An interrupt may wait for another lock than the thread below it. */
struct wait_key {
	__u64 lock;
	__u64 pid_tgid;
};
struct wait {
	__u64 since_ns;
	__u32 flags;
	kstack_id stack;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct wait_key);
	__type(value, struct wait);
} waiting SEC(".maps") BOMBUS_HELP("waits that have begun");

static __always_inline enum lock_kind kind_of(__u32 flags)
{
	if (flags & FLAG_MUTEX)
		return LOCK_MUTEX; /* also while it spins before it sleeps */
	if (flags & FLAG_SPIN)
		return flags & FLAG_READ    ? LOCK_SPIN_READ
		       : flags & FLAG_WRITE ? LOCK_SPIN_WRITE
					    : LOCK_SPIN;
	if (flags & FLAG_PERCPU)
		return LOCK_PERCPU;
	if (flags & FLAG_RT)
		return LOCK_RT_MUTEX;
	return flags & FLAG_READ ? LOCK_READ : flags & FLAG_WRITE ? LOCK_WRITE : LOCK_OTHER;
}

SEC("tp_btf/contention_begin")
int BPF_PROG(on_begin, void *lock, unsigned int flags)
{
	struct wait_key key = { (__u64)lock, bpf_get_current_pid_tgid() };
	struct wait wait = { .flags = flags };

	if (bombus_filtered())
		return 0;
	wait.stack = bpf_get_stackid(ctx, &stacks, TRACING_FRAMES);
	wait.since_ns = bpf_ktime_get_ns();
	/* A mutex spins first and then sleeps: the wait began before. */
	if (bpf_map_update_elem(&waiting, &key, &wait, BPF_NOEXIST) == -7 /* E2BIG */)
		bombus_lost(&print_locks);
	return 0;
}

static __always_inline void add(const struct wait *wait, __u64 took_ns)
{
	struct lock_key key = { .kind = kind_of(wait->flags), .stack = wait->stack };
	struct time_key by_time = { .kind = key.kind };
	struct lock_value *value;

	bombus_histogram_observe(&kernel_lock_wait_time, &by_time, took_ns);
	value = bombus_entry(&print_locks, &key);
	if (!value)
		return;
	bombus_add(&value->time, took_ns);
	bombus_add(&value->waits, 1);
	if (value->max < took_ns)
		value->max = took_ns;
}

SEC("tp_btf/contention_end")
int BPF_PROG(on_end, void *lock, int ret)
{
	struct wait_key key = { (__u64)lock, bpf_get_current_pid_tgid() };
	struct wait *found = bpf_map_lookup_elem(&waiting, &key), wait;
	__u64 took_ns;

	if (!found)
		return 0;
	wait = *found;
	bpf_map_delete_elem(&waiting, &key);
	took_ns = bpf_ktime_get_ns() - wait.since_ns;
	if (took_ns >= min_us * 1000)
		add(&wait, took_ns);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long the kernel waits for its locks") = "GPL";
