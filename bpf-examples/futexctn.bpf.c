// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long threads wait in the kernel for a lock of their program (futex), by lock and stack. Calls
 * that find the lock free do not count.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define FUTEX_COMMAND 0x7f /* without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */
#define COMMAND_WAIT 0
#define COMMAND_LOCK_PI 6
#define COMMAND_WAIT_BITSET 9
#define COMMAND_LOCK_PI2 13
#define ERROR_AGAIN (-11)

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only waits of at least this") = 0;
const volatile __u64 lock BOMBUS_PARAM BOMBUS_HELP("only the lock at this address, 0: any") = 0;
const volatile bool
	by_comm BOMBUS_PARAM BOMBUS_HELP("the histogram has a series for each thread name") = false;

BOMBUS_STACKS(stacks, 16384);

struct lock_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread that waits");
	void *lock BOMBUS_HELP("address of the lock");
	ustack_id stack BOMBUS_HELP("where it waits");
};
struct lock_value {
	duration time BOMBUS_HELP("time waited");
	__u64 waits BOMBUS_HELP("waits");
	duration max BOMBUS_HELP("longest wait");
};
BOMBUS_LOST(print_futexes);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct lock_key);
	__type(value, struct lock_value);
} print_futexes SEC(".maps") BOMBUS_HELP("waits by lock and stack");

struct time_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(futex_wait_time, struct time_key, 16384)
BOMBUS_UNIT("us") BOMBUS_HELP("time that threads wait for locks of their program");

struct wait {
	__u64 since_ns;
	__u64 lock;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct wait);
} waiting SEC(".maps") BOMBUS_HELP("threads that wait, by thread id");

SEC("tracepoint/syscalls/sys_enter_futex")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid(), command = ctx->args[1] & FUTEX_COMMAND;
	struct wait wait = { .lock = ctx->args[0] };

	if (command != COMMAND_WAIT && command != COMMAND_WAIT_BITSET &&
	    command != COMMAND_LOCK_PI && command != COMMAND_LOCK_PI2)
		return 0;
	if ((lock && lock != wait.lock) || bombus_filtered())
		return 0;
	wait.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&waiting, &tid, &wait, BPF_ANY))
		bombus_lost(&print_futexes);
	return 0;
}

static __always_inline void add(void *ctx, __u64 address, __u64 took_ns)
{
	struct lock_value *value;
	struct lock_key key = {};
	struct time_key by_time = {};

	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	key.lock = (void *)address;
	key.stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	if (by_comm)
		__builtin_memcpy(by_time.comm, key.comm, sizeof(by_time.comm));
	bombus_histogram_observe(&futex_wait_time, &by_time, took_ns / 1000);
	value = bombus_entry(&print_futexes, &key);
	if (!value)
		return;
	bombus_add(&value->time, took_ns);
	bombus_add(&value->waits, 1);
	if (value->max < took_ns)
		value->max = took_ns;
}

SEC("tracepoint/syscalls/sys_exit_futex")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct wait *wait = bpf_map_lookup_elem(&waiting, &tid);
	__u64 took_ns, address;

	if (!wait)
		return 0;
	took_ns = bpf_ktime_get_ns() - wait->since_ns;
	address = wait->lock;
	bpf_map_delete_elem(&waiting, &tid);
	if (ctx->ret != ERROR_AGAIN && took_ns >= min_us * 1000)
		add(ctx, address, took_ns);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long threads wait for locks of their program") = "GPL";
