// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A program on each kind of hook that a locked-down host refuses, and their neighbours. Each counts
 * what one process does, in an array's entry of its own.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile __u32 target_pid = 0;

enum hook {
	HOOK_KPROBE,
	HOOK_KRETPROBE,
	HOOK_FENTRY,
	HOOK_FEXIT,
	HOOK_LSM,
	HOOK_KSYSCALL,
	HOOK_TRACEPOINT,
	HOOK_RAW_TP,
	HOOK_TP_BTF,
	HOOK_UPROBE,
	HOOK_URETPROBE,
	HOOK_FLAVOUR_FIRST,
	HOOK_FLAVOUR_SECOND,
	HOOK_FLAVOUR_THIRD,
	HOOK_COUNT,
};

struct hits_key {
	enum hook hook;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HOOK_COUNT);
	__type(key, struct hits_key);
	__type(value, __u64);
} hits SEC(".maps.counter");

static __always_inline int hit(enum hook hook)
{
	struct hits_key key = { hook };
	__u64 one = 1, *count;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	count = bpf_map_lookup_elem(&hits, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&hits, &key, &one, BPF_NOEXIST);
	return 0;
}

SEC("kprobe/tcp_v4_connect")
int on_kprobe(struct pt_regs *ctx)
{
	return hit(HOOK_KPROBE);
}

SEC("kretprobe/tcp_v4_connect")
int on_kretprobe(struct pt_regs *ctx)
{
	return hit(HOOK_KRETPROBE);
}

/* Names that differ in more than their mechanism: these programs all attach. */
SEC("fentry/tcp_v4_connect")
int BPF_PROG(calls_fentry, struct sock *sk)
{
	return hit(HOOK_FENTRY);
}

/* Its argument behind the function's own is the result, here always 0. */
SEC("fexit/tcp_v4_connect")
int BPF_PROG(ends_fexit, struct sock *sk, struct sockaddr *addr, int len, int ret)
{
	return ret == 0 ? hit(HOOK_FEXIT) : 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(on_lsm, struct socket *sock, struct sockaddr *address, int addrlen, int ret)
{
	if (address->sa_family == 2)
		hit(HOOK_LSM);
	return ret;
}

SEC("ksyscall/getppid")
int on_ksyscall(struct pt_regs *ctx)
{
	return hit(HOOK_KSYSCALL);
}

SEC("tracepoint/syscalls/sys_enter_connect")
int on_tracepoint(void *ctx)
{
	return hit(HOOK_TRACEPOINT);
}

SEC("raw_tp/inet_sock_set_state")
int on_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[2] == TCP_SYN_SENT ? hit(HOOK_RAW_TP) : 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(states_tp_btf, const struct sock *sk, int oldstate, int newstate)
{
	return newstate == TCP_SYN_SENT ? hit(HOOK_TP_BTF) : 0;
}

/* Where these go is said on the command line. */
SEC("uprobe")
int BPF_KPROBE(on_uprobe, int round)
{
	return round < 100 ? hit(HOOK_UPROBE) : 0;
}

SEC("uretprobe")
int BPF_KRETPROBE(on_uretprobe, int doubled)
{
	return doubled % 2 == 0 ? hit(HOOK_URETPROBE) : 0;
}

/* Of the three, the second is the first whose function exists. */
SEC("fentry/bombus_no_such_function")
int BPF_PROG(connects___first)
{
	return hit(HOOK_FLAVOUR_FIRST);
}

SEC("kprobe/tcp_v4_connect")
int connects___second(struct pt_regs *ctx)
{
	return hit(HOOK_FLAVOUR_SECOND);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(connects___third, const struct sock *sk, int oldstate, int newstate)
{
	return newstate == TCP_SYN_SENT ? hit(HOOK_FLAVOUR_THIRD) : 0;
}

char LICENSE[] SEC("license") = "GPL";
