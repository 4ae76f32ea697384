// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long outgoing TCP connections wait for the answer to their SYN, be it an acceptance or a
 * refusal.
 *
 * A socket leaves SYN_SENT when the answer arrives, in the context of whatever was interrupted. Who
 * asked is therefore noted when the socket enters that state, which connect() itself does.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define ECONNREFUSED 111

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only latencies of at least this") = 0;
const volatile __u16
	target_port BOMBUS_PARAM BOMBUS_HELP("only connections to this port, 0: every one") = 0;

struct event {
	ip_addr saddr BOMBUS_LABEL BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_LABEL BOMBUS_HELP("remote address");
	__u16 sport BOMBUS_HELP("local port");
	__u16 dport BOMBUS_LABEL BOMBUS_HELP("remote port");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread that connected");
	__u64 delta_us BOMBUS_OBSERVE BOMBUS_UNIT("us") BOMBUS_HELP("from SYN to answer");
	__u64 ts_us BOMBUS_UNIT("us") BOMBUS_HELP("when the answer came, since boot");
	__u32 tgid BOMBUS_LABEL BOMBUS_HELP("process that connected");
	int af BOMBUS_LABEL BOMBUS_HELP("address family of the socket");
};

BOMBUS_EVENTS(events, struct event, 4 << 20) BOMBUS_HELP("outgoing TCP connections, answered");

struct attempt {
	__u64 since_ns;
	__u32 tgid;
	char comm[BOMBUS_COMM_LEN];
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct attempt);
} waiting SEC(".maps") BOMBUS_HELP("sockets in SYN_SENT, by address");

static __always_inline void begin(const struct sock *sk)
{
	struct attempt attempt = {};
	__u64 id = (__u64)sk;
	__u16 port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));

	if (bombus_filtered() || (target_port && target_port != port))
		return;
	attempt.since_ns = bpf_ktime_get_ns();
	attempt.tgid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(attempt.comm, sizeof(attempt.comm));
	if (bpf_map_update_elem(&waiting, &id, &attempt, BPF_ANY))
		bombus_lost(&events);
}

static __always_inline void report(const struct sock *sk, const struct attempt *attempt)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u64 delta_us = (now_ns - attempt->since_ns) / 1000;
	struct event *e;

	if (delta_us < min_us)
		return;
	e = bombus_reserve(&events, sizeof(*e));
	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	bombus_ip_from_sock(&e->saddr, &e->daddr, sk);
	e->sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->dport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	__builtin_memcpy(e->comm, attempt->comm, sizeof(e->comm));
	e->delta_us = delta_us;
	e->ts_us = now_ns / 1000;
	e->tgid = attempt->tgid;
	e->af = BPF_CORE_READ(sk, __sk_common.skc_family);
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpconnlat, const struct sock *sk, int oldstate, int newstate)
{
	struct attempt *attempt;
	__u64 id = (__u64)sk;

	if (newstate == TCP_SYN_SENT) {
		begin(sk);
		return 0;
	}
	if (oldstate != TCP_SYN_SENT)
		return 0;
	attempt = bpf_map_lookup_elem(&waiting, &id);
	if (!attempt)
		return 0;
	/* A socket that was closed or timed out got no answer: there is no latency to report. */
	if (newstate != TCP_CLOSE || BPF_CORE_READ(sk, sk_err) == ECONNREFUSED)
		report(sk, attempt);
	bpf_map_delete_elem(&waiting, &id);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long outgoing TCP connections wait for their answer") = "GPL";
