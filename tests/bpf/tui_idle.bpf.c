// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What hardly ever runs: a table with one row and a stream without records, for a screen at rest. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} victims SEC(".maps.counter");

struct victim {
	__u64 round;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct victim);
} seen SEC(".maps.events");

SEC("tracepoint/oom/mark_victim") int idle(void *ctx)
{
	struct victim victim = {};
	__u32 zero = 0;

	if (!next_round(&victim.round))
		return 0;
	add_one(&victims, &zero);
	bpf_ringbuf_output(&seen, &victim, sizeof(victim), 0);
	return 0;
}
