/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The filters of programs about sockets: those by process, and by network namespace and port. */
#ifndef BOMBUS_EXAMPLES_SOCK_BPF_H
#define BOMBUS_EXAMPLES_SOCK_BPF_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bombus/calls.bpf.h>

BOMBUS_FILTERS;
const volatile netns_id netns BOMBUS_PARAM BOMBUS_HELP(
	"only sockets of this network namespace (its inode, as in /proc/PID/ns/net), 0: of all") =
	0;
const volatile __u16 target_port BOMBUS_PARAM
	BOMBUS_HELP("only connections with this port at either end, 0: every one") = 0;

/* In host order. The kernel clears skc_num before it reports that a socket is closed. */
static __always_inline __u16 sock_local_port(const struct sock *sk)
{
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);

	return port ? port : bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
}

static __always_inline __u16 sock_remote_port(const struct sock *sk)
{
	return bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

static __always_inline bool sock_filtered(const struct sock *sk)
{
	if (netns && netns != BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum))
		return true;
	return target_port && target_port != sock_local_port(sk) &&
	       target_port != sock_remote_port(sk);
}

/* The socket that a descriptor of this process stands for; NULL: it is none. */
static __always_inline struct sock *sock_of_fd(__u32 fd)
{
	const struct file *file = bombus_file(fd);
	const __u32 socket_mode = 0140000, kind = 0170000;
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & kind) != socket_mode)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline __u64 sock_cgroup(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
}

#endif
