// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A plain ring buffer, whose records have what a record can have. */
#include "run.bpf.h"

enum run_mood { RUN_CALM, RUN_WILD = 7 };

struct run_peer {
	__u32 addr;
	__u16 port;
};

struct run_event {
	__u64 round;
	__u64 biggest;
	__s64 smallest;
	__s32 minus;
	__u8 small;
	bool odd;
	enum run_mood mood;
	char comm[16];
	char quoted[8];
	struct run_peer from;
	struct {
		struct run_peer to;
		__u16 ports[3];
	} deep;
	__u32 low : 3;
	__u32 high : 5;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
	__type(value, struct run_event);
} events SEC(".maps");

ON_ROUND int plain(void *ctx)
{
	struct run_event *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->round = round;
	e->biggest = ~0ULL - round;
	e->smallest = (__s64)(1ULL << 63) + (__s64)round;
	e->minus = -(__s32)round;
	e->small = 250 + round % 6;
	e->odd = round & 1;
	e->mood = e->odd ? RUN_WILD : RUN_CALM;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->quoted[0] = '"';
	e->quoted[1] = '\\';
	e->quoted[2] = '\n';
	e->quoted[3] = 0x1b;
	e->quoted[4] = (char)0xff;
	e->from.addr = 1;
	e->from.port = 2;
	e->deep.to.addr = 3;
	e->deep.to.port = 4;
	e->deep.ports[0] = 5;
	e->deep.ports[2] = 7;
	e->low = round & 7;
	e->high = round & 31;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
