// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Every kind of map that is swept, with scalar, structured and nested keys and values. */
#include "run.bpf.h"

struct run_pair {
	__u8 parity; /* three bytes of padding follow */
	__u32 pid;
};

struct run_nested {
	struct {
		__u32 pid;
		__u8 parity;
	} who;
	__u16 step;
};

struct run_stats {
	__u64 calls;
	__u32 highest;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} by_number SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, pid_t);
	__type(value, __u64);
} by_pid SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct run_pair);
	__type(value, __u64);
} by_pair SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, struct run_nested);
	__type(value, __u64);
} by_nested SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct run_stats);
} stats SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} by_index SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} total SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __s64);
} level SEC(".maps.gauge");

static __always_inline void keep_stats(__u32 key, __u64 round)
{
	struct run_stats zero = {}, *s;

	bpf_map_update_elem(&stats, &key, &zero, BPF_NOEXIST);
	s = bpf_map_lookup_elem(&stats, &key);
	if (!s)
		return;
	s->calls++;
	s->highest = round;
	bpf_get_current_comm(s->comm, sizeof(s->comm));
}

ON_ROUND int all_maps(void *ctx)
{
	struct run_nested nested;
	struct run_pair pair;
	__u32 key, zero = 0;
	pid_t pid = target_pid;
	__s64 below;
	__u64 round;

	if (!next_round(&round))
		return 0;
	key = round % 3;
	add_one(&by_number, &key);
	keep_stats(key, round);
	add_one(&by_pid, &pid);
	__builtin_memset(&pair, 0, sizeof(pair));
	pair.parity = round & 1;
	pair.pid = pid;
	add_one(&by_pair, &pair);
	__builtin_memset(&nested, 0, sizeof(nested));
	nested.who.pid = pid;
	nested.who.parity = round & 1;
	nested.step = 9;
	add_one(&by_nested, &nested);
	key = round & 3;
	add_one(&by_index, &key);
	add_one(&total, &zero);
	below = -(__s64)round;
	bpf_map_update_elem(&level, &zero, &below, BPF_ANY);
	return 0;
}
