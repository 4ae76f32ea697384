// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A map of each kind for the live table. Round n adds n % 10 to the key n % 10, sends a record whose
 * text ends in an escape sequence for a terminal, and observes 2^(n % 10). With `keys` set, each
 * round changes that many keys of `many`, and with `burst` it sends so many records.
 */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>
#include <bombus/histogram.bpf.h>

const volatile __u32 keys = 0;
const volatile __u32 burst = 1;

struct call_key {
	__u32 id;
	char name[8];
};

struct seen {
	__u64 round;
	__u32 id;
	char text[24];
};

struct wait_key {
	__u32 side BOMBUS_LABEL;
	__u32 bucket;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct call_key);
	__type(value, __u64);
} calls SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, __u64);
} many SEC(".maps.counter");

BOMBUS_EVENTS(seen, struct seen, 4 << 20);
BOMBUS_HISTOGRAM(waits, struct wait_key, 1024) BOMBUS_UNIT("us");

static long change_one(__u32 i, void *ctx)
{
	add_one(&many, &i);
	return 0;
}

static long send_one(__u32 i, void *ctx)
{
	struct seen *e = bombus_reserve(&seen, sizeof(*e));

	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->round = *(__u64 *)ctx;
	e->id = e->round % 10;
	__builtin_memcpy(e->text, "red \x1b[31m\x1b]2;x\a", 15);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

ON_ROUND int tui(void *ctx)
{
	struct call_key key = {};
	struct wait_key wait = {};
	__u64 round, *count, zero = 0;

	if (!next_round(&round))
		return 0;
	key.id = round % 10;
	key.name[0] = 'a' + round % 10;
	count = bpf_map_lookup_elem(&calls, &key);
	if (!count) {
		bpf_map_update_elem(&calls, &key, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&calls, &key);
	}
	if (count)
		__sync_fetch_and_add(count, key.id);
	wait.side = round & 1;
	bombus_histogram_observe(&waits, &wait, 1ull << round % 10);
	bpf_loop(burst, send_one, &round, 0);
	if (keys)
		bpf_loop(keys, change_one, NULL, 0);
	return 0;
}
