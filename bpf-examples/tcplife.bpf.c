// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Each TCP session when it ends: its process, its duration, and the bytes each way. A session lasts
 * from connect(), or from the handshake's end on the accepting side, until the socket is closed.
 * Attempts that failed, and sessions that began before the program, are left out.
 *
 * The kernel counts the bytes: nothing here runs when data is sent or received.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include "tcp_bytes.bpf.h"

const volatile duration_ms min_ms BOMBUS_PARAM BOMBUS_HELP("only sessions of at least this") = 0;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it ended");
	pid_t pid BOMBUS_HELP("process that connected or listens, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	uid uid BOMBUS_HELP("its user");
	bool accepted BOMBUS_LABEL BOMBUS_HELP("the other end connected");
	ip_addr saddr BOMBUS_HELP("local address");
	__u16 sport BOMBUS_HELP("local port");
	ip_addr daddr BOMBUS_HELP("remote address");
	__u16 dport BOMBUS_HELP("remote port");
	bytes sent BOMBUS_COUNTER BOMBUS_HELP("data that the process sent");
	bytes received BOMBUS_COUNTER BOMBUS_HELP("data that the process received");
	__u32 retransmits BOMBUS_COUNTER BOMBUS_HELP("segments sent again");
	duration_us rtt BOMBUS_HELP("smoothed time of a round trip at the end");
	duration lasted BOMBUS_OBSERVE
		BOMBUS_HELP("from connecting, or from the handshake, to the end");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the socket");
};

BOMBUS_EVENTS(sessions, struct event, 1 << 20) BOMBUS_HELP("TCP sessions that ended");

static __always_inline void report(const struct sock *sk, const struct sock_owner *o, int from)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);
	__u64 now = bpf_ktime_get_ns();
	struct event *e;

	if (!tp || now - o->since_ns < min_ms * 1000000)
		return;
	e = bombus_reserve(&sessions, sizeof(*e));
	if (!e)
		return;
	e->time = now;
	e->pid = o->pid;
	__builtin_memcpy(e->comm, o->comm, sizeof(e->comm));
	e->uid = o->uid;
	e->accepted = o->accepted & 1;
	bombus_ip_from_sock(&e->saddr, &e->daddr, sk);
	e->sport = sock_local_port(sk);
	e->dport = sock_remote_port(sk);
	e->sent = tcp_sent(tp, from);
	if (!o->accepted && e->sent)
		e->sent--;
	e->received = tcp_received(tp, sk);
	e->retransmits = tp->total_retrans;
	e->rtt = tp->srtt_us >> 3;
	e->lasted = now - o->since_ns;
	e->cgroup = sock_cgroup(sk);
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcplife, const struct sock *sk, int from, int to)
{
	struct sock_owner *o = owner_follow(sk, from, to);

	if (!o || to != TCP_CLOSE)
		return 0;
	if (o->since_ns && from != TCP_SYN_SENT && from != TCP_SYN_RECV && from != TCP_LISTEN &&
	    !owner_filtered(sk, o))
		report(sk, o, from);
	/* The socket may connect again. */
	o->since_ns = 0;
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("TCP sessions when they end: process, duration, bytes each way") = "GPL";
