// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TCP segments that this kernel drops, with the kernel's reason and the place in its code. The
 * addresses are those of the segment; the socket and its process are shown where the kernel had
 * found the socket.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include "skb.bpf.h"

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was dropped");
	char reason[DROP_REASON_LEN] BOMBUS_LABEL BOMBUS_HELP("the kernel's reason");
	ip_addr saddr BOMBUS_HELP("address that sent the segment");
	__u16 sport BOMBUS_HELP("its port");
	ip_addr daddr BOMBUS_HELP("address that it was for");
	__u16 dport BOMBUS_HELP("its port");
	char flags[9] BOMBUS_HELP(
		"of the segment: FSRPAUEC stand for FIN, SYN, RST, PSH, ACK, URG, ECE, CWR");
	__u32 len BOMBUS_UNIT("bytes") BOMBUS_HELP("data in it");
	tcp_state state BOMBUS_LABEL BOMBUS_HELP("state of the socket, 0: no socket");
	pid_t pid BOMBUS_HELP("process of the socket, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	netns_id netns BOMBUS_HELP("network namespace, 0: not known");
	ksym_addr location BOMBUS_LABEL BOMBUS_HELP("function that dropped it");
	kstack_id stack BOMBUS_HELP("stack of the drop");
};

BOMBUS_EVENTS(drops, struct event, 1 << 20) BOMBUS_HELP("TCP segments that the kernel dropped");
DROP_STACKS;

OWNERS_FOLLOW

static __always_inline void put_flags(char flags[9], __u8 bits)
{
	const char names[8] = "FSRPAUEC";
	int at = 0;

#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (bits >> i & 1)
			flags[at++ & 7] = names[i];
	}
}

static __always_inline int dropped(void *ctx, struct sk_buff *skb, void *location, int reason,
				   struct sock *sk)
{
	const struct sock_owner *o;
	struct segment s = {};
	struct event *e;

	if (!segment_of(&s, skb, sk) || s.protocol != IPPROTO_TCP)
		return 0;
	if (segment_filtered(&s, sk))
		return 0;
	o = full_owner_of(sk);
	e = bombus_reserve(&drops, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	drop_reason(e->reason, reason);
	e->saddr = s.saddr;
	e->daddr = s.daddr;
	e->sport = s.sport;
	e->dport = s.dport;
	put_flags(e->flags, s.tcp_flags);
	e->len = s.data;
	if (sk)
		e->state = sk->__sk_common.skc_state;
	if (o) {
		e->pid = o->pid;
		__builtin_memcpy(e->comm, o->comm, sizeof(e->comm));
	}
	e->netns = s.netns;
	e->location = (__u64)location;
	e->stack = bpf_get_stackid(ctx, &stacks, DROP_STACK_SKIP);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* Since Linux 6.10 the tracepoint names the socket that the segment was for. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(on_drop___socket, struct sk_buff *skb, void *location, enum skb_drop_reason reason,
	     struct sock *rx_sk)
{
	return dropped(ctx, skb, location, reason, rx_sk ? rx_sk : skb->sk);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(on_drop___plain, struct sk_buff *skb, void *location, enum skb_drop_reason reason)
{
	return dropped(ctx, skb, location, reason, skb->sk);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("TCP segments that the kernel drops, with its reason") = "GPL";
