// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The frequencies at which CPUs run while they work: the kernel reports each change, and 99 samples
 * a second on each CPU are counted at its current frequency. The frequency of a CPU is unknown
 * until its first change. Most virtual machines see no changes.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define MOST_CPUS 4096

BOMBUS_FILTERS;
const volatile bool by_comm BOMBUS_PARAM BOMBUS_HELP("a series for each thread name") = false;

struct cpu_key {
	__u32 cpu BOMBUS_LABEL BOMBUS_HELP("number of the CPU");
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_CPUS);
	__type(key, struct cpu_key);
	__type(value, __u64);
} cpu_frequency SEC(".maps.gauge") BOMBUS_UNIT("kHz")
	BOMBUS_HELP("frequency of CPUs that changed it");

struct frequency_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
	__u32 bucket;
};
BOMBUS_HISTOGRAM_LINEAR(frequency, struct frequency_key, 16384, 200, 0, 6000)
BOMBUS_UNIT("MHz") BOMBUS_HELP("frequency at which threads run, samples");

SEC("raw_tp/cpu_frequency")
int on_change(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 khz = ctx->args[0];
	struct cpu_key key = { .cpu = ctx->args[1] };

	bpf_map_update_elem(&cpu_frequency, &key, &khz, BPF_ANY);
	return 0;
}

SEC("perf_event/cpu-clock:99")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct cpu_key cpu = { .cpu = bpf_get_smp_processor_id() };
	__u64 *khz = bpf_map_lookup_elem(&cpu_frequency, &cpu);
	struct frequency_key key = {};

	/* 0 is the idle thread of every CPU. */
	if (!khz || !(__u32)bpf_get_current_pid_tgid() || bombus_filtered())
		return 0;
	if (by_comm)
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	bombus_histogram_observe(&frequency, &key, *khz / 1000);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("the frequencies at which CPUs run") = "GPL";
