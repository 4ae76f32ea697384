// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long the handlers of interrupts run, by the name of the interrupt. Handlers serve all
 * processes; the filters select the process that was interrupted.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;
const volatile duration min_ns BOMBUS_PARAM BOMBUS_HELP("only runs of at least this") = 0;

struct irq_key {
	char name[32] BOMBUS_LABEL BOMBUS_HELP("name of the handler, as in /proc/interrupts");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(hardirq_time, struct irq_key, 8192)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that handlers of interrupts run");

/* One per CPU: they do not interrupt each other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} since SEC(".maps") BOMBUS_HELP("when the running handler began, 0: none");

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_entry, int irq, struct irqaction *action)
{
	__u32 zero = 0;
	__u64 *since_ns = bpf_map_lookup_elem(&since, &zero);

	if (since_ns)
		*since_ns = bombus_filtered() ? 0 : bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_exit, int irq, struct irqaction *action, int ret)
{
	__u32 zero = 0;
	__u64 *since_ns = bpf_map_lookup_elem(&since, &zero);
	struct irq_key key = {};
	__u64 took_ns;

	if (!since_ns || !*since_ns)
		return 0;
	took_ns = bpf_ktime_get_ns() - *since_ns;
	*since_ns = 0;
	if (took_ns < min_ns)
		return 0;
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(action, name));
	bombus_histogram_observe(&hardirq_time, &key, took_ns);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long handlers of interrupts run") = "GPL";
