// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Events as fast as a program can make them, when asked to: 48 bytes each, 1000 different ones. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>

#define SERIES 1000

struct event {
	ktime_ns at;
	__u64 delta_us BOMBUS_OBSERVE;
	ipv4_addr saddr;
	ipv4_addr daddr;
	__u16 sport;
	__u16 dport;
	__u32 pid;
	char comm[16];
};
BOMBUS_EVENTS_IN(".maps.counter", events, struct event, 64 << 20);

struct args {
	__u32 count;
	__u32 first;
};

static long emit(__u32 i, void *ctx)
{
	struct args *args = ctx;
	__u32 n = (args->first + i) * 7919 % SERIES;
	struct event *e = bombus_reserve(&events, sizeof(*e));

	if (!e)
		return 0;
	e->at = 1;
	e->delta_us = i;
	e->saddr = 0x0100000a;
	e->daddr = 0x0100000a + (n << 8);
	e->sport = 40000;
	e->dport = 443;
	e->pid = 1000 + n % 10;
	__builtin_memcpy(e->comm, "worker-", 7);
	e->comm[7] = '0' + n % 10;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("syscall")
int produce(struct args *ctx)
{
	struct args args = { .count = ctx->count, .first = ctx->first };

	bpf_loop(args.count, emit, &args, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
