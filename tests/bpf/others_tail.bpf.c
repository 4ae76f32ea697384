// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A program that runs only because another one calls it through a map. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps.counter");

int tail_one(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} progs SEC(".maps") = { .values = { [1] = (void *)&tail_one } };

SEC("tracepoint") int tail_one(void *ctx)
{
	__u32 one = 1;

	add_one(&hits, &one);
	return 0;
}

ON_ROUND int main_prog(void *ctx)
{
	__u32 zero = 0;
	__u64 round;

	if (!next_round(&round))
		return 0;
	add_one(&hits, &zero);
	bpf_tail_call(ctx, &progs, 1);
	return 0;
}

ON_ROUND int another(void *ctx)
{
	return 0;
}
