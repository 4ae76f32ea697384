// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Each long wait for a CPU: from the wakeup or the preemption of a thread until it runs, with the
 * thread that ran before it. The filters select the thread that waits.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define TASK_RUNNABLE 0

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only waits of at least this") = 10000;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it ran");
	duration waited BOMBUS_OBSERVE BOMBUS_HELP("from being able to run to running");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	__u32 cpu BOMBUS_HELP("CPU on which it runs now");
	bool preempted BOMBUS_LABEL BOMBUS_HELP("put aside while it ran; else woken");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	pid_t prev_pid BOMBUS_HELP("process that ran before it, 0: none");
	char prev_comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of that thread");
	cgroup_id cgroup BOMBUS_HELP("cgroup of the thread that waited");
};
BOMBUS_EVENTS(waits, struct event, 1 << 20) BOMBUS_HELP("long waits for a CPU");

struct since {
	__u64 ns;
	bool preempted;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct since);
} waiting SEC(".maps") BOMBUS_HELP("since when a thread could run, by thread id");

static __always_inline void begin(const struct task_struct *task, bool preempted)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct since since = {};

	/* 0 is the idle thread of every CPU. */
	if (!tid || bombus_task_filtered(task))
		return;
	since.ns = bpf_ktime_get_ns();
	since.preempted = preempted;
	if (bpf_map_update_elem(&waiting, &tid, &since, BPF_ANY))
		bombus_lost(&waits);
}

static __always_inline void report(const struct task_struct *task, const struct task_struct *prev,
				   const struct since *since, __u64 now_ns)
{
	struct event *e = bombus_reserve(&waits, sizeof(*e));

	if (!e)
		return;
	e->time = now_ns;
	e->waited = now_ns - since->ns;
	e->pid = BPF_CORE_READ(task, tgid);
	e->tid = BPF_CORE_READ(task, pid);
	e->cpu = bpf_get_smp_processor_id();
	e->preempted = since->preempted;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	e->prev_pid = BPF_CORE_READ(prev, tgid);
	BPF_CORE_READ_STR_INTO(&e->prev_comm, prev, comm);
	e->cgroup = bombus_task_cgroup(task);
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	begin(task, false);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	begin(task, false);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 tid = BPF_CORE_READ(next, pid);
	__u64 now_ns = bpf_ktime_get_ns();
	struct since *since;

	if (preempt || BPF_CORE_READ(prev, __state) == TASK_RUNNABLE)
		begin(prev, true);
	since = bpf_map_lookup_elem(&waiting, &tid);
	if (!since)
		return 0;
	if (now_ns - since->ns >= min_us * 1000)
		report(next, prev, since, now_ns);
	bpf_map_delete_elem(&waiting, &tid);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("each long wait for a CPU, with the thread before") = "GPL";
