// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A ring buffer that is a counter by its section: one series per parity. */
#include "run.bpf.h"

struct run_event {
	__u32 pid;
	__u8 parity;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
	__type(value, struct run_event);
} events SEC(".maps.counter");

ON_ROUND int count_round(void *ctx)
{
	struct run_event *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->pid = target_pid;
	e->parity = round & 1;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}
