// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Buffers whose records have no declared type, in the forms that tools write them. */
#include "run.bpf.h"

#define RING(name)                                                                                 \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                \
		__uint(max_entries, 1 << 16);                                                      \
	} name SEC(".maps")
#define PERF(name)                                                                                 \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);                                       \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(__u32));                                                 \
	} name SEC(".maps")

enum mood { CALM = 1, BUSY = 2 };

typedef struct {
	__u64 round;
	enum mood mood;
	__u8 low : 3, high : 5;
	char name[16];
	struct {
		__u32 in;
		__s16 out[2];
	} io;
	const char *pointer;
	bool last;
} reserved_t;

struct in_frame {
	__u64 round;
	__u32 a, b;
};

struct with_address {
	unsigned __int128 saddr;
	__u32 round;
	__u16 family;
};

struct by_hand {
	__u32 round;
	__u32 len;
	char text[64];
};

struct named {
	__u16 round, x, y, z;
	__u32 sum, more;
};

struct first {
	__u32 round;
};

struct second {
	__u32 round, zero;
};

struct in_part {
	__u32 round, len;
	char buf[256];
};

/* Tools for other languages want the type in BTF. */
const struct named *unused __attribute__((unused));

RING(ring);
PERF(frame);
PERF(heap_event);
PERF(global);
RING(one_number);
RING(several);
PERF(part);
PERF(address);
RING(never_written);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct by_hand);
} heap SEC(".maps");

/* Internal: what started and has not ended. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} start SEC(".maps");

static __always_inline void to_ring(__u64 round)
{
	reserved_t *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r)
		return;
	__builtin_memset(r, 0, sizeof(*r));
	r->round = round;
	r->mood = BUSY;
	r->low = 5;
	r->high = 17;
	__builtin_memcpy(r->name, "ring", 5);
	r->io.in = 7;
	r->io.out[0] = -1;
	r->io.out[1] = 2;
	r->last = true;
	bpf_ringbuf_submit(r, 0);
}

static __always_inline void from_heap(void *ctx, __u64 round)
{
	struct by_hand *h;
	__u32 zero = 0, len = 3 + (round & 1);

	h = bpf_map_lookup_elem(&heap, &zero);
	if (!h)
		return;
	h->round = round;
	h->len = len;
	__builtin_memcpy(h->text, "heap", 5);
	bpf_perf_event_output(ctx, &heap_event, BPF_F_CURRENT_CPU, h,
			      offsetof(struct by_hand, text) + (len & 7));
}

ON_ROUND int untyped(void *ctx)
{
	struct in_frame frame_record = {};
	struct named named = {};
	struct in_part in_part = {};
	struct with_address with_address = {};
	__u64 round, number;
	__u32 key = 1;

	if (!next_round(&round))
		return 0;
	bpf_map_update_elem(&start, &key, &round, BPF_ANY);
	to_ring(round);
	frame_record.round = round;
	frame_record.a = 3;
	frame_record.b = 4;
	bpf_perf_event_output(ctx, &frame, BPF_F_CURRENT_CPU, &frame_record, sizeof(frame_record));
	from_heap(ctx, round);
	named.round = round;
	named.sum = 9;
	bpf_perf_event_output(ctx, &global, BPF_F_CURRENT_CPU, &named, sizeof(named));
	number = round + 100;
	bpf_ringbuf_output(&one_number, &number, sizeof(number), 0);
	in_part.round = round;
	in_part.len = 5;
	__builtin_memcpy(in_part.buf, "hello", 6);
	bpf_perf_event_output(ctx, &part, BPF_F_CURRENT_CPU, &in_part, 16);
	with_address.round = round;
	with_address.family = 2; /* AF_INET */
	with_address.saddr = 0x0100007f;
	bpf_perf_event_output(ctx, &address, BPF_F_CURRENT_CPU, &with_address,
			      sizeof(with_address));
	return 0;
}

ON_ROUND int two_types(void *ctx)
{
	struct first first = {};
	struct second second = {};
	__u64 round;

	if (!next_round(&round))
		return 0;
	first.round = round;
	second.round = round;
	bpf_ringbuf_output(&several, &first, sizeof(first), 0);
	bpf_ringbuf_output(&several, &second, sizeof(second), 0);
	return 0;
}
