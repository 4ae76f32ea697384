// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How many threads wait for a CPU, sampled 99 times a second on each of them. The thread that runs
 * does not wait; `--per-cpu` shows each CPU by itself. The filters are about the thread that runs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;

struct length_key {
	__u32 bucket;
};
BOMBUS_HISTOGRAM_LINEAR(runq_length, struct length_key, 256, 1, 0, 64)
BOMBUS_UNIT("threads") BOMBUS_HELP("threads that wait for a CPU, samples");

SEC("perf_event/cpu-clock:99")
int on_sample(struct bpf_perf_event_data *ctx)
{
	const struct task_struct *task = bpf_get_current_task_btf();
	__u32 running = BPF_CORE_READ(task, se.cfs_rq, rq, nr_running);
	struct length_key key = {};

	if (bombus_filtered())
		return 0;
	/* The idle thread is not among them. */
	if (running && task->pid)
		running--;
	bombus_histogram_observe(&runq_length, &key, running);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how many threads wait for a CPU") = "GPL";
