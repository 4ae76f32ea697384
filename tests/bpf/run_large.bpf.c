// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Records of 100,000 bytes in a ring of 256 KiB: they reach over its end at every place. The first
 * and the last word of each are its number.
 */
#include "run.bpf.h"

#define FILLING (100000 / 8 - 2)

struct run_event {
	__u64 first;
	__u64 filling[FILLING] __attribute__((btf_decl_tag("bombus:hide")));
	__u64 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct run_event);
} events SEC(".maps");

ON_ROUND int large(void *ctx)
{
	struct run_event *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->first = round;
	e->last = round;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
