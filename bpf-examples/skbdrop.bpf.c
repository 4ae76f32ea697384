// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Packets of any protocol that the kernel drops, counted by the kernel's reason, the function that
 * drops them, and the stack.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include "skb.bpf.h"

const volatile bool
	with_stacks BOMBUS_PARAM BOMBUS_HELP("also count by the stack of the drop") = true;

struct drop_key {
	char reason[DROP_REASON_LEN] BOMBUS_LABEL BOMBUS_HELP("the kernel's reason");
	ksym_addr location BOMBUS_LABEL BOMBUS_HELP("function that dropped it");
	char interface[16] BOMBUS_LABEL BOMBUS_HELP("interface it came from or was for, if known");
	__u16 ether_type BOMBUS_LABEL BOMBUS_DECODE("static_map 0=? 2048=IPv4 2054=ARP 34525=IPv6 "
						    "allow_unknown") BOMBUS_HELP("kind of packet");
	ip_proto protocol BOMBUS_LABEL BOMBUS_HELP("protocol above IP");
	__u8 unused[5] BOMBUS_HIDE;
};

BOMBUS_LOST(drops);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, __u64);
} drops SEC(".maps.counter") BOMBUS_HELP("packets that the kernel dropped");

struct stack_key {
	char reason[DROP_REASON_LEN] BOMBUS_LABEL BOMBUS_HELP("the kernel's reason");
	kstack_id stack BOMBUS_LABEL BOMBUS_HELP("stack of the drop");
	__u32 unused BOMBUS_HIDE;
};

BOMBUS_LOST(drop_stacks);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct stack_key);
	__type(value, __u64);
} drop_stacks SEC(".maps.counter") BOMBUS_HELP("packets that the kernel dropped, by stack");
DROP_STACKS;

OWNERS_FOLLOW

static __always_inline int dropped(void *ctx, struct sk_buff *skb, void *location, int reason,
				   struct sock *sk)
{
	struct stack_key by_stack = {};
	struct drop_key key = {};
	struct segment s = {};

	if (!segment_of(&s, skb, sk))
		s.netns = netns_of(skb, sk);
	if (segment_filtered(&s, sk))
		return 0;
	drop_reason(key.reason, reason);
	key.location = (__u64)location;
	if (skb->dev)
		BPF_CORE_READ_STR_INTO(&key.interface, skb, dev, name);
	key.ether_type = bpf_ntohs(skb->protocol);
	key.protocol = s.protocol;
	bombus_count(&drops, &key, 1);
	if (!with_stacks)
		return 0;
	__builtin_memcpy(by_stack.reason, key.reason, sizeof(by_stack.reason));
	by_stack.stack = bpf_get_stackid(ctx, &stacks, DROP_STACK_SKIP);
	bombus_count(&drop_stacks, &by_stack, 1);
	return 0;
}

/* Since Linux 6.10 the tracepoint names the socket that the packet was for. */
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
	BOMBUS_HELP("packets that the kernel drops, by reason, function and stack") = "GPL";
