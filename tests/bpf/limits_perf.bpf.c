// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Long records through a perf event array, and how many of them it refused. */
#include "run.bpf.h"

struct long_event {
	__u64 round;
	char pad[2000];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct long_event);
} events SEC(".maps.events");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} taken_and_refused SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct long_event);
} scratch SEC(".maps");

ON_ROUND int on_round(void *ctx)
{
	struct long_event *event;
	__u32 zero = 0, which;
	__u64 round;

	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event || !next_round(&round))
		return 0;
	event->round = round;
	which = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(*event)) != 0;
	add_one(&taken_and_refused, &which);
	return 0;
}
