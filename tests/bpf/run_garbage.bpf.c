// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Keys whose padding, and whose bytes behind the end of a text, are different each time. The
 * kernel's hash keeps them apart; whoever reads the members cannot tell them from one another.
 */
#include "run.bpf.h"

struct run_key {
	__u8 kind; /* seven bytes of padding follow */
	__u64 id;
	char name[12]; /* as do four at the end */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
	__type(value, struct run_key);
} ring SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct run_key);
	__type(value, __u64);
} table SEC(".maps.counter");

static __always_inline void fill(struct run_key *key)
{
	__u32 *word = (__u32 *)key;
	int i;

#pragma unroll
	for (i = 0; i < sizeof(*key) / sizeof(*word); i++)
		word[i] = bpf_get_prandom_u32();
	*(volatile __u8 *)&key->kind = 1;
	*(volatile __u64 *)&key->id = 2;
	*(volatile char *)&key->name[0] = 'o';
	*(volatile char *)&key->name[1] = 'k';
	*(volatile char *)&key->name[2] = '\0';
}

ON_ROUND int garbage(void *ctx)
{
	struct run_key key, *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	fill(&key);
	add_one(&table, &key);
	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e)
		return 0;
	fill(e);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
