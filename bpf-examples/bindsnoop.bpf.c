// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Calls of bind() on IPv4 and IPv6 sockets: the address and port, the options of the socket, and
 * the error of calls that failed.
 */
#include "vmlinux.h"
#include "sock.bpf.h"

const volatile bool failed_only BOMBUS_PARAM BOMBUS_HELP("only calls that failed") = false;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the call returned");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	ip_proto protocol BOMBUS_LABEL BOMBUS_HELP("protocol of the socket");
	ip_addr address BOMBUS_HELP("address asked for");
	__u16 port BOMBUS_LABEL
		BOMBUS_HELP("port that it got; of a call that failed: that it asked for");
	bool any_port BOMBUS_HELP("it left the choice of the port to the kernel");
	bool reuse_address BOMBUS_HELP("SO_REUSEADDR");
	bool reuse_port BOMBUS_HELP("SO_REUSEPORT");
	bool v6_only BOMBUS_HELP("IPV6_V6ONLY");
	ifindex interface BOMBUS_HELP("SO_BINDTODEVICE, 0: any");
	netns_id netns BOMBUS_HELP("network namespace");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the process");
};

BOMBUS_EVENTS(binds, struct event, 1 << 20) BOMBUS_HELP("sockets bound to an address, or not");

struct call {
	__u32 fd;
	__u16 port;
	__u16 unused;
	ip_addr address;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps") BOMBUS_HELP("threads inside bind(), by thread id");

/* False: another family. */
static __always_inline bool read_address(struct call *call, const void *at)
{
	struct sockaddr_in6 v6 = {};
	struct sockaddr_in v4 = {};

	if (bpf_probe_read_user(&v4, sizeof(v4), at))
		return false;
	call->port = bpf_ntohs(v4.sin_port);
	if (v4.sin_family == AF_INET) {
		bombus_ip_from_v4(&call->address, v4.sin_addr.s_addr);
		return true;
	}
	if (v4.sin_family != AF_INET6 || bpf_probe_read_user(&v6, sizeof(v6), at))
		return false;
	bombus_ip_from_v6(&call->address, &v6.sin6_addr);
	return true;
}

SEC("tracepoint/syscalls/sys_enter_bind")
int on_bind(struct trace_event_raw_sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = {};

	if (bombus_filtered() || !read_address(&call, (const void *)ctx->args[1]))
		return 0;
	call.fd = ctx->args[0];
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		bombus_lost(&binds);
	return 0;
}

static __always_inline void report(const struct call *call, const struct sock *sk, int ret)
{
	struct event *e = bombus_reserve(&binds, sizeof(*e));

	if (!e)
		return;
	bombus_who(e);
	e->err = ret;
	e->address = call->address;
	e->any_port = !call->port;
	e->port = ret ? call->port : sock_local_port(sk);
	e->protocol = BPF_CORE_READ(sk, sk_protocol);
	e->reuse_address = BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse) != 0;
	e->reuse_port = BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport) != 0;
	e->v6_only = BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_ipv6only) != 0;
	e->interface = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	e->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	bpf_ringbuf_submit(e, 0);
}

SEC("tracepoint/syscalls/sys_exit_bind")
int on_bound(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	const struct sock *sk;

	if (!call)
		return 0;
	sk = sock_of_fd(call->fd);
	if (sk && (!failed_only || ctx->ret) && (!netns || !sock_filtered(sk)) &&
	    (!target_port || target_port == call->port || target_port == sock_local_port(sk)))
		report(call, sk, ctx->ret);
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("sockets that are bound to addresses, or fail to") = "GPL";
