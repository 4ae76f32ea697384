// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long soft interrupts run, by kind. They serve everybody: what the filters choose is the
 * process that was interrupted, which is who pays for it.
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

struct run_key {
	enum softirq vector BOMBUS_LABEL BOMBUS_HELP("kind of soft interrupt");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(softirq_time, struct run_key, 1024)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that soft interrupts run");

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
	if (took_ns >= min_ns)
		bombus_histogram_observe(&softirq_time, &key, took_ns);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long soft interrupts run, by kind") = "GPL";
