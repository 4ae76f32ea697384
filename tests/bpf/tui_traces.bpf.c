// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Traces whose spans are in two maps. Round n, counted from 1, gives trace n:
 *
 *	checkout	of the map shop, n ms long; not sent in every fourth round
 *	  query		of the map database, half as long; in every third round it fails
 *	    read	of the map shop, a quarter as long
 */
#include "run.bpf.h"
#include <bombus/span.bpf.h>

struct step {
	struct span_base span_base;
	char span_name[16];
	errno_t span_status;
	__u32 round;
};
BOMBUS_SPANS(shop, struct step, 1 << 18) BOMBUS_SERVICE("shop");
BOMBUS_SPANS(database, struct step, 1 << 18) BOMBUS_SERVICE("database");

static void fill(struct step *s, __u64 round, __u8 id, __u8 parent, __u64 start_ns)
{
	__builtin_memset(&s->span_base, 0, sizeof(s->span_base));
	s->span_base.trace_id[15] = round;
	s->span_base.span_id[7] = id;
	s->span_base.parent_span_id[7] = parent;
	s->span_base.span_monotonic_timestamp_ns = start_ns;
	s->round = round;
}

ON_ROUND int traces(void *ctx)
{
	__u64 round, now = bpf_ktime_get_ns(), ms = 1000000;
	struct step *s;

	if (!next_round(&round))
		return 0;
	round++;
	s = bombus_span_reserve(&shop, struct step, NULL);
	if (s) {
		fill(s, round, 3, 2, now + round * ms / 4);
		s->span_base.span_duration_ns = round * ms / 4;
		__builtin_memcpy(s->span_name, "read", 5);
		bpf_ringbuf_submit(s, 0);
	}
	s = bombus_span_reserve(&database, struct step, NULL);
	if (s) {
		fill(s, round, 2, 1, now + round * ms / 4);
		s->span_base.span_duration_ns = round * ms / 2;
		s->span_status = round % 3 ? 0 : -5;
		__builtin_memcpy(s->span_name, "query", 6);
		bpf_ringbuf_submit(s, 0);
	}
	if (round % 4 == 0)
		return 0;
	s = bombus_span_reserve(&shop, struct step, NULL);
	if (s) {
		fill(s, round, 1, 0, now);
		s->span_base.span_duration_ns = round * ms;
		__builtin_memcpy(s->span_name, "checkout", 9);
		bpf_ringbuf_submit(s, 0);
	}
	return 0;
}
