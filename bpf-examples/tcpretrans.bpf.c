// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TCP segments that are sent again, with the process of their socket. The kernel sends again from
 * timers and when other packets arrive; the process that runs at that moment has nothing to do with
 * the segment.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"

enum retransmit {
	RETRANSMIT_SEGMENT,
	RETRANSMIT_SYNACK, /* the answer to a SYN; there is no socket yet */
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was sent again");
	enum retransmit kind BOMBUS_LABEL BOMBUS_HELP("what was sent again");
	pid_t pid BOMBUS_HELP("process that owns the socket, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	ip_addr saddr BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_LABEL BOMBUS_HELP("remote address");
	__u16 sport BOMBUS_HELP("local port");
	__u16 dport BOMBUS_LABEL BOMBUS_HELP("remote port");
	tcp_state state BOMBUS_LABEL BOMBUS_HELP("state of the connection");
	__u8 retries BOMBUS_HELP("how often the same segment was sent again without answer");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the socket");
};

BOMBUS_EVENTS(retransmits, struct event, 1 << 20) BOMBUS_HELP("TCP segments sent again");

OWNERS_FOLLOW

/* `at` has the addresses: the socket, or the request for one. */
static __always_inline struct event *begin(const struct sock *sk, const struct sock *at)
{
	const struct sock_owner *o = owner_of(sk);
	struct event *e;

	if (owner_filtered(sk, o))
		return NULL;
	e = bombus_reserve(&retransmits, sizeof(*e));
	if (!e)
		return NULL;
	e->time = bpf_ktime_get_ns();
	if (o) {
		e->pid = o->pid;
		__builtin_memcpy(e->comm, o->comm, sizeof(e->comm));
	}
	bombus_ip_from_sock(&e->saddr, &e->daddr, at);
	e->sport = BPF_CORE_READ(at, __sk_common.skc_num);
	e->dport = sock_remote_port(at);
	e->state = BPF_CORE_READ(at, __sk_common.skc_state);
	e->cgroup = sock_cgroup(sk);
	return e;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock *sk)
{
	struct event *e = begin(sk, sk);

	if (!e)
		return 0;
	e->retries = BPF_CORE_READ((const struct inet_connection_sock *)sk, icsk_retransmits);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_synack, const struct sock *sk, const struct request_sock *req)
{
	struct event *e = begin(sk, (const struct sock *)req);

	if (!e)
		return 0;
	e->kind = RETRANSMIT_SYNACK;
	e->retries = BPF_CORE_READ(req, num_retrans);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("TCP segments that are sent again, and the process of their socket") = "GPL";
