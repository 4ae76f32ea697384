/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Which process a TCP socket belongs to, for programs about sockets whose hooks run in interrupts,
 * timers and other processes.
 *
 * The owner hangs on the socket (BPF_MAP_TYPE_SK_STORAGE), so that no map can be full and nothing
 * is left behind. It is the process that connected, or the one that listens: a listening socket
 * hands its own down to the sockets that it accepts. Sockets that were there before are taken in at
 * start, from the files of all processes.
 *
 * A program calls owner_follow() first in its handler of tp_btf/inet_sock_set_state, or declares
 * OWNERS_FOLLOW where it has none. Filters are part of it: owner_filtered().
 */
#ifndef BOMBUS_EXAMPLES_SOCK_OWNER_BPF_H
#define BOMBUS_EXAMPLES_SOCK_OWNER_BPF_H

#include "sock.bpf.h"

struct sock_owner {
	__u64 since_ns; /* connect(), or the arrival of the connection; 0: it was there before */
	__u64 listener; /* address of the listening socket, 0: none is known */
	pid_t pid;
	__u32 uid;
	char comm[BOMBUS_COMM_LEN];
	__u8 accepted; /* not connected by this end */
	__u8 unused[3];
	__u32 netns;
};

BOMBUS_LOST(owners);
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_owner);
} owners SEC(".maps") BOMBUS_HELP("the process of each socket");

/* NULL: not known. */
static __always_inline struct sock_owner *owner_of(const struct sock *sk)
{
	return bpf_sk_storage_get(&owners, (void *)sk, 0, 0);
}

static __always_inline struct sock_owner *owner_note(const struct sock *sk,
						     const struct task_struct *task)
{
	struct sock_owner *o =
		bpf_sk_storage_get(&owners, (void *)sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!o) {
		bombus_lost(&owners);
		return NULL;
	}
	o->since_ns = 0;
	o->listener = 0;
	o->accepted = 0;
	o->pid = BPF_CORE_READ(task, tgid);
	o->uid = BPF_CORE_READ(task, cred, uid.val);
	o->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	BPF_CORE_READ_INTO(&o->comm, task, group_leader, comm);
	return o;
}

/* At each change of state; what it returns is the owner after that, NULL: not known. */
static __always_inline struct sock_owner *owner_follow(const struct sock *sk, int from, int to)
{
	struct sock_owner *o;

	if (to != TCP_SYN_SENT && to != TCP_LISTEN) {
		o = owner_of(sk);
		if (o && from == TCP_LISTEN && to == TCP_SYN_RECV) {
			o->since_ns = bpf_ktime_get_ns();
			o->accepted = 1;
		}
		return o;
	}
	o = owner_note(sk, (void *)bpf_get_current_task());
	if (!o)
		return NULL;
	if (to == TCP_SYN_SENT)
		o->since_ns = bpf_ktime_get_ns();
	else
		o->listener = (__u64)sk;
	return o;
}

#define OWNERS_FOLLOW                                                                              \
	SEC("tp_btf/inet_sock_set_state")                                                          \
	int BPF_PROG(follow_owners, const struct sock *sk, int from, int to)                       \
	{                                                                                          \
		owner_follow(sk, from, to);                                                        \
		return 0;                                                                          \
	}

/* `o` NULL: an owner that is not known passes only if no filter asks for one. */
static __always_inline bool owner_filtered(const struct sock *sk, const struct sock_owner *o)
{
	if (sock_filtered(sk))
		return true;
	if (!bombus_is_filtering())
		return false;
	return !o || bombus_noted_filtered(o->pid, o->uid, o->comm, sock_cgroup(sk));
}

/* Of all processes, in all network namespaces. */
SEC("iter/task_file")
BOMBUS_AT_START int BPF_PROG(take_in_sockets, struct bpf_iter_meta *meta, struct task_struct *task,
			     __u32 fd, struct file *file)
{
	struct socket *socket = task && file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;
	struct sock_owner *o;

	if (!sk || sk->sk_protocol != IPPROTO_TCP || sk->__sk_common.skc_state == TCP_CLOSE ||
	    owner_of(sk))
		return 0;
	o = owner_note(sk, task);
	if (o && sk->__sk_common.skc_state == TCP_LISTEN)
		o->listener = (__u64)sk;
	return 0;
}

#endif
