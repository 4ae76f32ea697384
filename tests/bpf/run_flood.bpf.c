// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * More records than the ring can hold, each numbered; what the kernel took and what it refused is
 * counted here as well, so that a test can compare.
 */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>

struct run_event {
	__u64 number;
	__u64 filling[7];
};

/* So many records at each round. */
const volatile __u32 per_round = 1;

BOMBUS_EVENTS(events, struct run_event, 1 << 16);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} taken SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} refused SEC(".maps.counter");

static long emit(__u32 index, void *ctx)
{
	struct run_event *e = bombus_reserve(&events, sizeof(*e));
	__u32 zero = 0;

	if (!e) {
		add_one(&refused, &zero);
		return 0;
	}
	e->number = index;
	bpf_ringbuf_submit(e, 0);
	add_one(&taken, &zero);
	return 0;
}

ON_ROUND int flood(void *ctx)
{
	__u64 round;

	if (next_round(&round))
		bpf_loop(per_round, emit, NULL, 0);
	return 0;
}
