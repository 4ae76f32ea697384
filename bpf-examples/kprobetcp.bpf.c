// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Who connects over TCP and IPv4, seen from a kprobe on the kernel's function: the smallest program
 * of that kind. Kernels without kprobes see the same connections through a tracepoint.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

enum seen_by {
	SEEN_BY_KPROBE,
	SEEN_BY_TRACEPOINT,
};

struct event {
	pid_t pid BOMBUS_HELP("process");
	uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	enum seen_by type BOMBUS_LABEL BOMBUS_HELP("the hook that saw it");
	duration uptime BOMBUS_HELP("since the kernel started");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
};

BOMBUS_EVENTS_IN(".maps.print", events, struct event, 1 << 20)
BOMBUS_HELP("calls to connect over TCP and IPv4");

static __always_inline int report(enum seen_by type)
{
	struct event *e;

	if (bombus_filtered())
		return 0;
	e = bombus_reserve(&events, sizeof(*e));
	if (!e)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->uid = bpf_get_current_uid_gid();
	e->type = type;
	e->uptime = bpf_ktime_get_ns();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(tcp_v4_connect___kprobe, struct sock *sk)
{
	return report(SEEN_BY_KPROBE);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_v4_connect___tp, const struct sock *sk, int oldstate, int newstate)
{
	if (newstate != TCP_SYN_SENT || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET)
		return 0;
	return report(SEEN_BY_TRACEPOINT);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("TCP connections over IPv4 that processes open, from one kprobe") = "GPL";
