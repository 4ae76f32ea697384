// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Records of several sizes: two types in one buffer, and types that end with an array. */
#include "run.bpf.h"

struct small {
	__u32 type, round;
};

struct other {
	__u32 type;
	char text[12];
};

struct full {
	__u32 round, len;
	char buf[256];
};

struct open {
	__u32 round, len;
	char data[];
};

/* Written, and never read as another type. */
struct other *other_type __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct small);
} two SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__type(value, struct full);
} partly SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct open);
} flexible SEC(".maps");

ON_ROUND int records(void *ctx)
{
	struct full full = {};
	struct other other = { .type = 2, .text = "other" };
	struct small small = { .type = 1 };
	struct open *open;
	__u64 round;

	if (!next_round(&round))
		return 0;
	small.round = full.round = round;
	full.len = 5;
	__builtin_memcpy(full.buf, "hello", 6);
	bpf_ringbuf_output(&two, &small, sizeof(small), 0);
	bpf_ringbuf_output(&two, &other, sizeof(other), 0);
	bpf_perf_event_output(ctx, &partly, BPF_F_CURRENT_CPU, &full, 16);
	open = bpf_ringbuf_reserve(&flexible, 24, 0);
	if (!open)
		return 0;
	open->round = round;
	open->len = 4;
	__builtin_memcpy(open->data, "open", 5);
	bpf_ringbuf_submit(open, 0);
	return 0;
}
