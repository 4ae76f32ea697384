// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How often functions are called, of a program, of a library or of the kernel; --attach names one
 * or several:
 *
 *	bombus run funccount --attach count=libc:malloc --attach count=libc:free
 *	bombus run funccount --attach count=/usr/bin/bash:readline
 *	bombus run funccount --attach count=vfs_read
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

/* Of a stack of one frame, that frame is the function. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64[1]);
} functions SEC(".maps");

struct user_key {
	ustack_id function BOMBUS_LABEL BOMBUS_HELP("address or name of the function");
};
BOMBUS_LOST(calls);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct user_key);
	__type(value, __u64);
} calls SEC(".maps.counter") BOMBUS_HELP("calls of functions of programs");

struct kernel_key {
	ksym_addr function BOMBUS_LABEL BOMBUS_HELP("function of the kernel");
};
BOMBUS_LOST(kernel_calls);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct kernel_key);
	__type(value, __u64);
} kernel_calls SEC(".maps.counter") BOMBUS_HELP("calls of functions of the kernel");

SEC("uprobe")
int count___user(struct pt_regs *ctx)
{
	struct user_key key = {};

	if (bombus_filtered())
		return 0;
	key.function = bpf_get_stackid(ctx, &functions, BPF_F_USER_STACK);
	bombus_count(&calls, &key, 1);
	return 0;
}

SEC("kprobe")
int count___kernel(struct pt_regs *ctx)
{
	struct kernel_key key = {};

	if (bombus_filtered())
		return 0;
	key.function = bpf_get_func_ip(ctx);
	bombus_count(&kernel_calls, &key, 1);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how often functions are called") = "GPL";
