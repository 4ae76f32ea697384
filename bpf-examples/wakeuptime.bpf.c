// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Threads that wake other threads: how long the others slept, and the stacks of the waker. In an
 * interrupt the waker is the thread that happens to run; its stack shows the interrupt.
 *
 * The filters select the thread that sleeps.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define TRACING_FRAMES 2 /* of the stack: this program, and how the kernel calls it */
#define STATE_DEAD 0x80

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only sleeps of at least this") = 0;
const volatile bool sleeper_stacks BOMBUS_PARAM
	BOMBUS_HELP("also the kernel's stack of the thread that sleeps") = false;

BOMBUS_STACKS(stacks, 16384);

struct wakeup_key {
	pid_t pid BOMBUS_HELP("process that sleeps");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("its thread's name");
	pid_t waker_pid BOMBUS_HELP("process that wakes it");
	char waker[BOMBUS_COMM_LEN] BOMBUS_HELP("its thread's name");
	kstack_id sleeper_kernel BOMBUS_HELP("stack of the sleep, with sleeper_stacks");
	ustack_id user BOMBUS_HELP("stack of the program that wakes");
	kstack_id kernel BOMBUS_HELP("stack of the kernel that wakes");
};
struct wakeup_value {
	duration time BOMBUS_COUNTER BOMBUS_HELP("time slept until the wakeup");
	__u64 wakeups BOMBUS_COUNTER BOMBUS_HELP("wakeups");
};

BOMBUS_LOST(print_wakeups);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct wakeup_key);
	__type(value, struct wakeup_value);
} print_wakeups SEC(".maps") BOMBUS_HELP("sleeps by the stack that ended them");

/* For metrics: no stacks, and no series a process. */
struct sleep_key {
	__u32 bucket;
};
BOMBUS_HISTOGRAM(sleep_time, struct sleep_key, 128)
BOMBUS_UNIT("us") BOMBUS_HELP("time that threads sleep until another wakes them");

struct slept {
	__u64 since_ns;
	kstack_id kernel;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct slept);
} asleep SEC(".maps") BOMBUS_HELP("threads that sleep, by thread id");

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 tid = BPF_CORE_READ(prev, pid), state = BPF_CORE_READ(prev, __state);
	struct slept slept = {};

	/* 0 is the idle thread of every CPU. A dead thread does not wake. */
	if (!tid || preempt || !state || state & STATE_DEAD || bombus_filtered())
		return 0;
	slept.kernel = -2; /* ENOENT */
	if (sleeper_stacks)
		slept.kernel = bpf_get_stackid(ctx, &stacks, TRACING_FRAMES);
	slept.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&asleep, &tid, &slept, BPF_ANY))
		bombus_lost(&print_wakeups);
	return 0;
}

static __always_inline void add(const struct wakeup_key *key, __u64 took_ns)
{
	struct wakeup_value zero = {}, *value = bombus_entry(&print_wakeups, key);

	if (!value)
		return;
	bombus_add(&value->time, took_ns);
	bombus_add(&value->wakeups, 1);
}

/* Where the waker is: sched_wakeup may come on another CPU, below any thread. */
SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct slept *slept = bpf_map_lookup_elem(&asleep, &tid);
	struct wakeup_key key = {};
	struct sleep_key all = {};
	__u64 took_ns;

	if (!slept)
		return 0;
	took_ns = bpf_ktime_get_ns() - slept->since_ns;
	key.sleeper_kernel = slept->kernel;
	bpf_map_delete_elem(&asleep, &tid);
	if (took_ns < min_us * 1000)
		return 0;
	key.pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&key.comm, task, comm);
	key.waker_pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.waker, sizeof(key.waker));
	key.kernel = bpf_get_stackid(ctx, &stacks, TRACING_FRAMES);
	key.user = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	add(&key, took_ns);
	bombus_histogram_observe(&sleep_time, &all, took_ns / 1000);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("threads that wake others, and how long those slept") = "GPL";
