// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Where threads leave their CPU, and how long they stay off it: by the stack on which they left,
 * and by the reason. A thread counts when it runs again.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define TRACING_FRAMES 2 /* of the stack: this program, and how the kernel calls it */
#define STATE_INTERRUPTIBLE 0x1
#define STATE_UNINTERRUPTIBLE 0x2
#define STATE_DEAD 0x80

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only times of at least this") = 0;
const volatile duration_us max_us BOMBUS_PARAM BOMBUS_HELP("only times up to this, 0: any") = 0;
const volatile bool
	by_comm BOMBUS_PARAM BOMBUS_HELP("the histogram has a series for each thread name") = false;
const volatile bool kernel_only BOMBUS_PARAM BOMBUS_HELP("no stacks of programs") = false;

enum off_reason {
	OFF_SLEEPING,	     /* waits for an event, a signal ends it */
	OFF_UNINTERRUPTIBLE, /* waits for a disk, a lock */
	OFF_PREEMPTED,	     /* could have gone on */
	OFF_STOPPED,	     /* by a signal or a debugger */
};

BOMBUS_STACKS(stacks, 16384);

struct off_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	enum off_reason reason BOMBUS_HELP("why it left its CPU");
	ustack_id user BOMBUS_HELP("stack of the program");
	kstack_id kernel BOMBUS_HELP("stack of the kernel");
};
struct off_value {
	duration time BOMBUS_COUNTER BOMBUS_HELP("time off the CPU");
	__u64 times BOMBUS_COUNTER BOMBUS_HELP("how often it was off");
};

BOMBUS_LOST(print_off_cpu_stacks);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct off_key);
	__type(value, struct off_value);
} print_off_cpu_stacks SEC(".maps") BOMBUS_HELP("time off the CPU by stack");

struct time_key {
	enum off_reason reason BOMBUS_LABEL BOMBUS_HELP("why threads left their CPU");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(off_cpu_time, struct time_key, 16384)
BOMBUS_UNIT("us") BOMBUS_HELP("time that threads are off the CPU");

struct left {
	struct off_key key;
	__u64 since_ns;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct left);
} off SEC(".maps") BOMBUS_HELP("threads off the CPU, by thread id");

static __always_inline void leave(void *ctx, const struct task_struct *task, bool preempted)
{
	__u32 tid = BPF_CORE_READ(task, pid), state = BPF_CORE_READ(task, __state);
	struct left left = {};

	/* 0 is the idle thread of every CPU. A dead thread does not come back. */
	if (!tid || (state & STATE_DEAD && !preempted) || bombus_filtered())
		return;
	left.key.reason = preempted || !state		  ? OFF_PREEMPTED
			  : state & STATE_INTERRUPTIBLE	  ? OFF_SLEEPING
			  : state & STATE_UNINTERRUPTIBLE ? OFF_UNINTERRUPTIBLE
							  : OFF_STOPPED;
	left.key.pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&left.key.comm, task, comm);
	left.key.kernel = bpf_get_stackid(ctx, &stacks, TRACING_FRAMES);
	/* 0 would be a stack. */
	left.key.user = kernel_only ? -2 /* ENOENT */
				    : bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	left.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&off, &tid, &left, BPF_ANY))
		bombus_lost(&print_off_cpu_stacks);
}

static __always_inline void add(const struct off_key *key, __u64 took_ns)
{
	struct off_value zero = {}, *value = bombus_entry(&print_off_cpu_stacks, key);

	if (!value)
		return;
	bombus_add(&value->time, took_ns);
	bombus_add(&value->times, 1);
}

static __always_inline void come_back(const struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct left *left = bpf_map_lookup_elem(&off, &tid);
	struct time_key key = {};
	__u64 took_ns;

	if (!left)
		return;
	took_ns = bpf_ktime_get_ns() - left->since_ns;
	if (took_ns >= min_us * 1000 && (!max_us || took_ns <= max_us * 1000)) {
		add(&left->key, took_ns);
		key.reason = left->key.reason;
		if (by_comm)
			__builtin_memcpy(key.comm, left->key.comm, sizeof(key.comm));
		bombus_histogram_observe(&off_cpu_time, &key, took_ns / 1000);
	}
	bpf_map_delete_elem(&off, &tid);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	leave(ctx, prev, preempt);
	come_back(next);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("where threads leave their CPU, and for how long") = "GPL";
