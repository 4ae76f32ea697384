// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A thousand 48-byte events, as tcpconnlat's, for each getppid() of one process. */
#include "../bpf/run.bpf.h"
#include <bombus/bombus.bpf.h>

struct event {
	ipv4_addr saddr_v4;
	ipv4_addr daddr_v4;
	char comm[16];
	__u64 delta_us;
	__u64 ts_us;
	__u32 tgid;
	int af;
};
BOMBUS_EVENTS(events, struct event, 4 << 20);

static long emit(__u32 i, void *ctx)
{
	struct event *e = bombus_reserve(&events, sizeof(*e));

	if (!e)
		return 0;
	e->saddr_v4 = 0x0100007f;
	e->daddr_v4 = 0x0100000a + (i << 8);
	__builtin_memcpy(e->comm, "worker", 7);
	e->delta_us = 1000 + i;
	e->ts_us = 5149693413;
	e->tgid = 15173;
	e->af = AF_INET;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

ON_ROUND int flood(void *ctx)
{
	__u64 round;

	if (next_round(&round))
		bpf_loop(1000, emit, NULL, 0);
	return 0;
}
