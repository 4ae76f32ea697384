// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Processes that make an IPv4 or IPv6 socket listen: its address and port, and how many connections
 * may wait for accept().
 */
#include "vmlinux.h"
#include "sock.bpf.h"

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the call returned");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	ip_proto protocol BOMBUS_LABEL BOMBUS_HELP("protocol of the socket");
	ip_addr address BOMBUS_HELP("where it listens");
	__u16 port BOMBUS_LABEL BOMBUS_HELP("its port");
	int backlog BOMBUS_HELP("connections that may wait, as asked for");
	__u32 limit BOMBUS_HELP("connections that may wait, as the kernel allows");
	netns_id netns BOMBUS_HELP("network namespace");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the process");
};

BOMBUS_EVENTS(listens, struct event, 1 << 20)
BOMBUS_HELP("sockets that begin to listen, or fail to");

struct call {
	__u32 fd;
	int backlog;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps") BOMBUS_HELP("threads inside listen(), by thread id");

SEC("tracepoint/syscalls/sys_enter_listen")
int on_listen(struct trace_event_raw_sys_enter *ctx)
{
	struct call call = { .fd = ctx->args[0], .backlog = ctx->args[1] };
	__u32 tid = bpf_get_current_pid_tgid();

	if (!bombus_filtered() && bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		bombus_lost(&listens);
	return 0;
}

static __always_inline void report(const struct call *call, const struct sock *sk, int ret)
{
	struct event *e = bombus_reserve(&listens, sizeof(*e));
	ip_addr remote;

	if (!e)
		return;
	bombus_who(e);
	e->err = ret;
	e->protocol = BPF_CORE_READ(sk, sk_protocol);
	bombus_ip_from_sock(&e->address, &remote, sk);
	e->port = sock_local_port(sk);
	e->backlog = call->backlog;
	e->limit = BPF_CORE_READ(sk, sk_max_ack_backlog);
	e->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	bpf_ringbuf_submit(e, 0);
}

SEC("tracepoint/syscalls/sys_exit_listen")
int on_listening(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	const struct sock *sk;
	__u16 family;

	if (!call)
		return 0;
	sk = sock_of_fd(call->fd);
	family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;
	if ((family == AF_INET || family == AF_INET6) && !sock_filtered(sk))
		report(call, sk, ctx->ret);
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("sockets that begin to listen") = "GPL";
