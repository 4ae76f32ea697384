/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Packets that the kernel drops: what is in them, its reason in words, and the way it came there.
 */
#ifndef BOMBUS_EXAMPLES_SKB_BPF_H
#define BOMBUS_EXAMPLES_SKB_BPF_H

#include "sock_owner.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define DROP_REASON_LEN 40
#define DROP_STACK_DEPTH 64
#define DROP_STACK_SKIP 2 /* the program, and what calls it */

#define DROP_STACKS                                                                                \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);                                            \
		__uint(max_entries, 4096);                                                         \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, DROP_STACK_DEPTH * sizeof(__u64));                              \
	} stacks SEC(".maps")

/*
 * The name that the running kernel has for one of its reasons, without the words that all of them
 * begin with: "NO_SOCKET". The numbers differ from kernel to kernel. Reasons of modules are
 * numbers.
 */
static __always_inline void drop_reason(char ret[DROP_REASON_LEN], int reason)
{
	const char common[] = "SKB_DROP_REASON_";
	const int skipped = sizeof(common) - 1;
	char text[DROP_REASON_LEN + sizeof(common)] = {};
	struct btf_ptr value = {
		.ptr = &reason,
		.type_id = bpf_core_type_id_kernel(enum skb_drop_reason),
	};

	bpf_snprintf_btf(text, sizeof(text), &value, sizeof(value),
			 BTF_F_COMPACT | BTF_F_NONAME | BTF_F_ZERO);
	__builtin_memcpy(ret, text[0] == 'S' ? text + skipped : text, DROP_REASON_LEN);
	ret[DROP_REASON_LEN - 1] = '\0';
}

/* Addresses, ports and flags in the headers of a packet. Ports in host order. */
struct segment {
	ip_addr saddr, daddr;
	__u16 sport, dport;
	__u16 data; /* bytes behind the TCP header */
	__u8 protocol, tcp_flags;
	__u32 netns; /* 0: not known */
};

static __always_inline __u32 netns_of(const struct sk_buff *skb, const struct sock *sk)
{
	const struct net_device *dev = BPF_CORE_READ(skb, dev);

	if (sk)
		return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return dev ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
}

static __always_inline void transport_of(struct segment *s, const char *at, __u32 len)
{
	__u8 tcp[14] = {};

	if (s->protocol != IPPROTO_TCP && s->protocol != IPPROTO_UDP)
		return;
	bpf_probe_read_kernel(tcp, sizeof(tcp), at);
	s->sport = tcp[0] << 8 | tcp[1];
	s->dport = tcp[2] << 8 | tcp[3];
	if (s->protocol == IPPROTO_TCP) {
		__u32 header = tcp[12] >> 4 << 2;

		s->tcp_flags = tcp[13];
		s->data = len > header ? len - header : 0;
	}
}

/* False: no IP packet, or none with its header yet. */
static __always_inline bool segment_of(struct segment *s, const struct sk_buff *skb,
				       const struct sock *sk)
{
	__u16 protocol = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	__u16 offset = BPF_CORE_READ(skb, network_header);
	const char *ip = (const char *)BPF_CORE_READ(skb, head) + offset;
	__u8 header[40] = {};
	__u32 len;

	if (offset == 0xffff || bpf_probe_read_kernel(header, sizeof(header), ip))
		return false;
	if (protocol == ETH_P_IP && header[0] >> 4 == 4) {
		len = (header[0] & 15) * 4;
		s->protocol = header[9];
		bombus_ip_from_v4(&s->saddr, *(__u32 *)&header[12]);
		bombus_ip_from_v4(&s->daddr, *(__u32 *)&header[16]);
		transport_of(s, ip + len, (header[2] << 8 | header[3]) - len);
	} else if (protocol == ETH_P_IPV6 && header[0] >> 4 == 6) {
		s->protocol = header[6];
		bombus_ip_from_v6(&s->saddr, (const void *)(ip + 8));
		bombus_ip_from_v6(&s->daddr, (const void *)(ip + 24));
		transport_of(s, ip + 40, header[4] << 8 | header[5]);
	} else {
		return false;
	}
	s->netns = netns_of(skb, sk);
	return true;
}

/* The owner of a socket that may be none, a request for one, or the rest of one. */
static __always_inline const struct sock_owner *full_owner_of(const struct sock *sk)
{
	if (!sk || sk->__sk_common.skc_state == TCP_NEW_SYN_RECV ||
	    sk->__sk_common.skc_state == TCP_TIME_WAIT)
		return NULL;
	return owner_of(sk);
}

static __always_inline bool segment_filtered(const struct segment *s, const struct sock *sk)
{
	const struct sock_owner *o;

	if (netns && netns != s->netns)
		return true;
	if (target_port && target_port != s->sport && target_port != s->dport)
		return true;
	if (!bombus_is_filtering())
		return false;
	o = full_owner_of(sk);
	return !o || bombus_noted_filtered(o->pid, o->uid, o->comm, sock_cgroup(sk));
}

#endif
