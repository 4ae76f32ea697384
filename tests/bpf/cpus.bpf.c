// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Records through a perf event array, and samples of every CPU. */
#include "run.bpf.h"

struct cpu_event {
	__u64 round;
	__u32 cpu;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct cpu_event);
} events SEC(".maps.events");

/* What the array refused, and why. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __s32);
	__type(value, __u64);
} refused SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} samples SEC(".maps.counter");

ON_ROUND int on_round(void *ctx)
{
	struct cpu_event event = {};
	__s32 code;

	if (!next_round(&event.round))
		return 0;
	event.cpu = bpf_get_smp_processor_id();
	code = (__s32)bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	if (code)
		add_one(&refused, &code);
	return 0;
}

SEC("perf_event/cpu-clock:99") int on_tick(void *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	add_one(&samples, &cpu);
	return 0;
}
