// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Names of servers that TLS clients ask for: the first message of a TLS connection has the name in
 * the clear (SNI). Both sides are shown, where the message is sent and where it is received. The
 * program reads packets at the root cgroup, where those of all sockets pass. It does not see QUIC;
 * of an encrypted name (ECH) it shows the outer one.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define NAME_SIZE 256
#define EXTENSIONS_MAX 48
#define TLS_HANDSHAKE 22
#define TLS_CLIENT_HELLO 1

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the message passed");
	pid_t pid BOMBUS_HELP("process that connected or listens, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	uid uid BOMBUS_HELP("its user");
	bool accepted BOMBUS_LABEL BOMBUS_HELP("this end is the server");
	ip_addr saddr BOMBUS_HELP("address of the client");
	__u16 sport BOMBUS_HELP("its port");
	ip_addr daddr BOMBUS_HELP("address of the server");
	__u16 dport BOMBUS_LABEL BOMBUS_HELP("its port");
	netns_id netns BOMBUS_HELP("network namespace, 0: not known");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the socket");
	char name[NAME_SIZE] BOMBUS_HELP("server that the client asked for");
};

BOMBUS_EVENTS(hellos, struct event, 1 << 20) BOMBUS_HELP("TLS connections that named their server");

OWNERS_FOLLOW

struct packet {
	ip_addr saddr, daddr;
	__u16 sport, dport;
	__u32 data; /* where the data of TCP begins */
};

static __always_inline bool read_headers(struct __sk_buff *skb, struct packet *p)
{
	__u8 ip[40] = {}, tcp[14];

	if (bpf_skb_load_bytes(skb, 0, ip, 20))
		return false;
	if (ip[0] >> 4 == 4 && ip[9] == IPPROTO_TCP) {
		p->data = (ip[0] & 15) * 4;
		bombus_ip_from_v4(&p->saddr, *(__u32 *)&ip[12]);
		bombus_ip_from_v4(&p->daddr, *(__u32 *)&ip[16]);
	} else if (ip[0] >> 4 == 6 && ip[6] == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
			return false;
		p->data = sizeof(ip);
		__builtin_memcpy(p->saddr.addr, &ip[8], 16);
		__builtin_memcpy(p->daddr.addr, &ip[24], 16);
		p->saddr.family = p->daddr.family = AF_INET6;
	} else {
		return false;
	}
	if (bpf_skb_load_bytes(skb, p->data, tcp, sizeof(tcp)))
		return false;
	p->sport = tcp[0] << 8 | tcp[1];
	p->dport = tcp[2] << 8 | tcp[3];
	p->data += tcp[12] >> 4 << 2;
	return true;
}

/* Where the name begins, and its length; 0: there is none. */
static __always_inline __u32 find_name(struct __sk_buff *skb, __u32 at, __u32 *ret_len)
{
	__u8 b[9];

	/* A record with a handshake; the hello in it; its version and random bytes. */
	if (bpf_skb_load_bytes(skb, at, b, 6) || b[0] != TLS_HANDSHAKE || b[1] != 3 ||
	    b[5] != TLS_CLIENT_HELLO)
		return 0;
	at += 5 + 4 + 2 + 32;
	if (bpf_skb_load_bytes(skb, at, b, 1)) /* session id */
		return 0;
	at += 1 + b[0];
	if (bpf_skb_load_bytes(skb, at, b, 2)) /* ciphers */
		return 0;
	at += 2 + (b[0] << 8 | b[1]);
	if (bpf_skb_load_bytes(skb, at, b, 1)) /* compression */
		return 0;
	at += 1 + b[0] + 2;
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (bpf_skb_load_bytes(skb, at, b, 4))
			return 0;
		if (b[0] == 0 && b[1] == 0)
			break;
		at += 4 + (b[2] << 8 | b[3]);
	}
	/* Type and length of the extension; length of its list; kind of the first name, its length.
	 */
	if (bpf_skb_load_bytes(skb, at, b, 9) || b[0] || b[1] || b[6])
		return 0;
	*ret_len = b[7] << 8 | b[8];
	return at + 9;
}

static __always_inline int packet(struct __sk_buff *skb, bool sent)
{
	const struct sock_owner *o = NULL;
	struct bpf_sock *sk = skb->sk;
	struct packet p = {};
	struct event *e;
	__u64 cgroup, len;
	__u32 at, size = 0;

	if (!read_headers(skb, &p) || p.data >= skb->len)
		return 1;
	at = find_name(skb, p.data, &size);
	if (!at || !size)
		return 1;
	/* The verifier sees the bounds of this value alone, and wants a length above 0. */
	len = size - 1;
	asm volatile("" : "+r"(len));
	if (len > NAME_SIZE - 2)
		len = NAME_SIZE - 2;
	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (sk)
		o = bpf_sk_storage_get(&owners, sk, 0, 0);
	cgroup = bpf_skb_cgroup_id(skb);
	if ((target_port && target_port != p.sport && target_port != p.dport) ||
	    (netns && (!o || o->netns != netns)) ||
	    (bombus_is_filtering() &&
	     (!o || bombus_noted_filtered(o->pid, o->uid, o->comm, cgroup))))
		return 1;
	e = bombus_reserve(&hellos, sizeof(*e));
	if (!e)
		return 1;
	e->time = bpf_ktime_get_ns();
	if (o) {
		e->pid = o->pid;
		__builtin_memcpy(e->comm, o->comm, sizeof(e->comm));
		e->uid = o->uid;
		e->netns = o->netns;
	}
	e->accepted = !sent;
	e->saddr = p.saddr;
	e->sport = p.sport;
	e->daddr = p.daddr;
	e->dport = p.dport;
	e->cgroup = cgroup;
	bpf_skb_load_bytes(skb, at, e->name, len + 1);
	bpf_ringbuf_submit(e, 0);
	return 1;
}

SEC("cgroup_skb/egress") BOMBUS_ATTACH("/") int on_sent(struct __sk_buff *skb)
{
	return packet(skb, true);
}

SEC("cgroup_skb/ingress") BOMBUS_ATTACH("/") int on_received(struct __sk_buff *skb)
{
	return packet(skb, false);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("names of servers that TLS clients ask for (SNI)") = "GPL";
