// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long soft interrupts run, by kind. They serve all processes; the filters select the process
 * that was interrupted, which loses the time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

/* The kernel's order of its vectors. */
enum softirq {
	SOFTIRQ_HI,
	SOFTIRQ_TIMER,
	SOFTIRQ_NET_TX,
	SOFTIRQ_NET_RX,
	SOFTIRQ_BLOCK,
	SOFTIRQ_IRQ_POLL,
	SOFTIRQ_TASKLET,
	SOFTIRQ_SCHED,
	SOFTIRQ_HRTIMER,
	SOFTIRQ_RCU,
};

BOMBUS_FILTERS;
const volatile duration min_ns BOMBUS_PARAM BOMBUS_HELP("only runs of at least this") = 0;
const volatile duration
	slow_ns BOMBUS_PARAM BOMBUS_HELP("each run of at least this is also an event, 0: none") = 0;

struct run_key {
	enum softirq vector BOMBUS_LABEL BOMBUS_HELP("kind of soft interrupt");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(softirq_time, struct run_key, 1024)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that soft interrupts run");

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it ended");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("how long it ran");
	enum softirq vector BOMBUS_LABEL BOMBUS_HELP("kind of soft interrupt");
	__u32 cpu BOMBUS_HELP("CPU on which it ran");
	pid_t pid BOMBUS_HELP("process that was interrupted, 0: none");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of that thread");
};
BOMBUS_EVENTS(slow, struct event, 1 << 20) BOMBUS_HELP("long runs, with slow_ns");

/* One per CPU: they do not interrupt each other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} since SEC(".maps") BOMBUS_HELP("when the running soft interrupt began, 0: none");

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_entry, unsigned int vector)
{
	__u32 zero = 0;
	__u64 *since_ns = bpf_map_lookup_elem(&since, &zero);

	if (since_ns)
		*since_ns = bombus_filtered() ? 0 : bpf_ktime_get_ns();
	return 0;
}

static __always_inline void report(enum softirq vector, __u64 took_ns)
{
	struct event *e = bombus_reserve(&slow, sizeof(*e));

	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->took = took_ns;
	e->vector = vector;
	e->cpu = bpf_get_smp_processor_id();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_exit, unsigned int vector)
{
	__u32 zero = 0;
	__u64 *since_ns = bpf_map_lookup_elem(&since, &zero);
	struct run_key key = { .vector = vector };
	__u64 took_ns;

	if (!since_ns || !*since_ns)
		return 0;
	took_ns = bpf_ktime_get_ns() - *since_ns;
	*since_ns = 0;
	if (slow_ns && took_ns >= slow_ns)
		report(vector, took_ns);
	if (took_ns >= min_ns)
		bombus_histogram_observe(&softirq_time, &key, took_ns);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long soft interrupts run, by kind") = "GPL";
