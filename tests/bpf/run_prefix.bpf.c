// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Roles by the prefix of the map's name, as BumbleBee since 0.0.14 has them. */
#include "run.bpf.h"

struct run_key {
	__u32 pid;
	__u32 parity;
};

struct run_event {
	__u32 pid;
	__u32 pad;
	__u64 round;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct run_key);
	__type(value, __u64);
} counter_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct run_key);
	__type(value, __u64);
} gauge_last SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
	__type(value, struct run_event);
} print_seen SEC(".maps");

/* Neither prefix nor a role: it must not be shown. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct run_key);
	__type(value, __u64);
} scratch SEC(".maps");

ON_ROUND int prefixed(void *ctx)
{
	struct run_key key = {};
	struct run_event *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	key.pid = target_pid;
	key.parity = round & 1;
	add_one(&counter_calls, &key);
	add_one(&scratch, &key);
	bpf_map_update_elem(&gauge_last, &key, &round, BPF_ANY);
	e = bpf_ringbuf_reserve(&print_seen, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = target_pid;
	e->pad = 0;
	e->round = round;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
