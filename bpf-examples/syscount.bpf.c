// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Which system calls are made, how often, and, if wanted, by whom.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile bool by_comm BOMBUS_PARAM BOMBUS_HELP("a series for each thread name") = false;

struct call_key {
	syscall_t syscall BOMBUS_HELP("system call");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread, with by_comm");
};

BOMBUS_LOST(syscalls);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct call_key);
	__type(value, __u64);
} syscalls SEC(".maps.counter") BOMBUS_HELP("system calls made");

SEC("tp_btf/sys_enter")
int BPF_PROG(syscount, struct pt_regs *regs, long id)
{
	struct call_key key = {};

	/* A tracer may have taken the call away, which leaves -1. */
	if (id < 0 || bombus_filtered())
		return 0;
	key.syscall = id;
	if (by_comm)
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	bombus_count(&syscalls, &key, 1);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("system calls, by kind") = "GPL";
