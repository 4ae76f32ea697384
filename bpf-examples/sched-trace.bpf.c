// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Where the time of a traced thread goes: each wait for a CPU and each sleep is a span, each move
 * to another CPU a moment, below the span of the program that the thread works for.
 *
 * The program says so itself, through libbombus-trace (demos/sched.c):
 *
 *	bombus run sched-trace --attach on_trace=/path/of/the/program
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bombus/trace.bpf.h>

#define TASK_RUNNABLE 0
#define READER "bombus"

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only spans of at least this") = 0;
const volatile bool sleeps BOMBUS_PARAM BOMBUS_HELP("spans of sleeps too") = true;

enum sched_what {
	SCHED_WAIT_WOKEN,     /* it was woken and waited for a CPU */
	SCHED_WAIT_PUT_ASIDE, /* another was given its CPU */
	SCHED_SLEEP,
	SCHED_MOVED,
};

struct sched_span {
	struct span_base span_base;
	char span_name[16];
	enum sched_what what BOMBUS_HELP("why it did not run");
	__u32 cpu BOMBUS_HELP("the CPU it runs on then");
	struct {
		pid_t pid BOMBUS_HELP("process");
	} process;
	struct {
		pid_t id BOMBUS_HELP("thread");
	} thread;
	struct {
		pid_t id BOMBUS_HELP("thread that woke it, or that got its CPU");
		char name[BOMBUS_COMM_LEN] BOMBUS_HELP("its name");
	} other;
};

BOMBUS_SPANS(sched_spans, struct sched_span, 4 << 20)
BOMBUS_SERVICE("kernel") BOMBUS_HELP("waits, sleeps and moves of traced threads");

BOMBUS_FOLLOW_THREADS;

struct absence {
	__u64 since_ns;
	enum sched_what what;
	pid_t other;
	char other_comm[BOMBUS_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct absence);
} absent SEC(".maps") BOMBUS_HELP("since when traced threads do not run, by thread id");

static __always_inline void begin(__u32 tid, enum sched_what what, const struct task_struct *other)
{
	struct absence a = { .since_ns = bpf_ktime_get_ns(), .what = what };

	if (other) {
		a.other = BPF_CORE_READ(other, pid);
		BPF_CORE_READ_STR_INTO(&a.other_comm, other, comm);
	}
	if (bpf_map_update_elem(&absent, &tid, &a, BPF_ANY))
		bombus_lost(&sched_spans);
}

/* The reader of the spans, woken by one, may itself be what a thread has to wait for. That span
 * must not wake it again, and so on for ever: it is read with the next, which then has to insist.
 */
static __always_inline __u64 wakeup(const struct absence *a)
{
	for (__u32 i = 0; i < sizeof(READER); i++)
		if (a->other_comm[i] != READER[i])
			return BPF_RB_FORCE_WAKEUP;
	return a->what == SCHED_WAIT_PUT_ASIDE ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

static __always_inline void report(const struct task_struct *task, const struct span_parent *parent,
				   const struct absence *a, __u32 cpu)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct sched_span *s;

	if (now_ns - a->since_ns < min_us * 1000 || (a->what == SCHED_SLEEP && !sleeps))
		return;
	s = bombus_span_reserve(&sched_spans, struct sched_span, parent);
	if (!s)
		return;
	s->span_base.span_monotonic_timestamp_ns = a->since_ns;
	s->span_base.span_duration_ns = now_ns - a->since_ns;
	if (a->what == SCHED_SLEEP)
		__builtin_memcpy(s->span_name, "sleep", sizeof("sleep"));
	else if (a->what == SCHED_MOVED)
		__builtin_memcpy(s->span_name, "move", sizeof("move"));
	else
		__builtin_memcpy(s->span_name, "wait for a CPU", sizeof("wait for a CPU"));
	s->what = a->what;
	s->cpu = cpu;
	s->process.pid = BPF_CORE_READ(task, tgid);
	s->thread.id = BPF_CORE_READ(task, pid);
	s->other.id = a->other;
	__builtin_memcpy(s->other.name, a->other_comm, sizeof(s->other.name));
	bpf_ringbuf_submit(s, wakeup(a));
}

/* Now and then the kernel skips a program that it should run. A thread that leaves its CPU without
 * having been seen to come back, or to be woken, had spans that nobody will see. */
static __always_inline void count_missed(__u32 tid)
{
	const struct absence *a = bpf_map_lookup_elem(&absent, &tid);

	if (!a)
		return;
	bombus_lost(&sched_spans);
	if (a->what == SCHED_SLEEP && sleeps)
		bombus_lost(&sched_spans);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 from = prev->pid, to = next->pid;
	struct span_parent *parent;
	struct absence *a;

	if (bombus_parent_get(&followed_threads, &from)) {
		count_missed(from);
		if (preempt || prev->__state == TASK_RUNNABLE)
			begin(from, SCHED_WAIT_PUT_ASIDE, next);
		else
			begin(from, SCHED_SLEEP, NULL);
	}
	parent = bombus_parent_get(&followed_threads, &to);
	a = parent ? bpf_map_lookup_elem(&absent, &to) : NULL;
	if (!a)
		return 0;
	report(next, parent, a, bpf_get_smp_processor_id());
	if (a->what == SCHED_SLEEP)
		bombus_lost(&sched_spans); /* the wait after it */
	bpf_map_delete_elem(&absent, &to);
	return 0;
}

/* Here the one that wakes is the current one, be it by chance (an interrupt's). */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	struct span_parent *parent;
	__u32 tid = task->pid;
	struct absence *a;

	parent = bombus_parent_get(&followed_threads, &tid);
	a = parent ? bpf_map_lookup_elem(&absent, &tid) : NULL;
	/* One that had not yet left its CPU goes on as if nothing had been. */
	if (!a || a->what != SCHED_SLEEP)
		return 0;
	report(task, parent, a, bpf_get_smp_processor_id());
	begin(tid, SCHED_WAIT_WOKEN, bpf_get_current_task_btf());
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_move, struct task_struct *task, int cpu)
{
	struct absence moment = { .since_ns = bpf_ktime_get_ns(), .what = SCHED_MOVED };
	struct span_parent *parent;
	__u32 tid = task->pid;

	parent = bombus_parent_get(&followed_threads, &tid);
	if (parent)
		report(task, parent, &moment, cpu);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("where the time of a traced thread goes: waits and sleeps as spans") = "GPL";
