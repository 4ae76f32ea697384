// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long functions take, of a program, of a library or of the kernel; the same functions at their
 * entry and at their return:
 *
 *	bombus run funclatency --attach '*=libc:getaddrinfo'
 *	bombus run funclatency --attach '*=/usr/bin/bash:readline'
 *	bombus run funclatency --attach '*=vfs_read'
 *
 * A function that calls itself counts each time. What runs within it, and waiting, is part of it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

/* How much nearer to its begin the stack is at the return: the address to return to. */
#ifdef __TARGET_ARCH_x86
#define RETURN_ADDRESS 8
#else
#define RETURN_ADDRESS 0
#endif

BOMBUS_FILTERS;
const volatile duration min_ns BOMBUS_PARAM BOMBUS_HELP("only calls of at least this") = 0;

/* Of a stack of one frame, that frame is the function. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64[1]);
} functions SEC(".maps");

struct user_key {
	ustack_id function BOMBUS_LABEL BOMBUS_HELP("address or name of the function");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(call_time, struct user_key, 8192)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that calls of functions of programs take");

struct kernel_key {
	ksym_addr function BOMBUS_LABEL BOMBUS_HELP("function of the kernel");
	__u32 bucket;
	__u32 zero BOMBUS_HIDE;
};
BOMBUS_HISTOGRAM(kernel_call_time, struct kernel_key, 8192)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that calls of functions of the kernel take");

/* A thread may be in several calls: the place on its stack tells them apart. */
struct call_key {
	__u64 pid_tgid;
	__u64 stack;
};
struct func_call {
	__u64 since_ns;
	__u64 function;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct call_key);
	__type(value, struct func_call);
} open_calls SEC(".maps") BOMBUS_HELP("calls that have not returned");

static __always_inline bool note(struct pt_regs *ctx, __u64 function)
{
	struct call_key key = { bpf_get_current_pid_tgid(), PT_REGS_SP(ctx) };
	struct func_call call = { .function = function };

	call.since_ns = bpf_ktime_get_ns();
	return bpf_map_update_elem(&open_calls, &key, &call, BPF_ANY) == 0;
}

/* The call that returns; false where its begin was not seen. */
static __always_inline bool take(struct pt_regs *ctx, struct func_call *ret_call,
				 __u64 *ret_took_ns)
{
	struct call_key key = { bpf_get_current_pid_tgid(), PT_REGS_SP(ctx) - RETURN_ADDRESS };
	struct func_call *call = bpf_map_lookup_elem(&open_calls, &key);

	if (!call)
		return false;
	*ret_call = *call;
	*ret_took_ns = bpf_ktime_get_ns() - call->since_ns;
	bpf_map_delete_elem(&open_calls, &key);
	return *ret_took_ns >= min_ns;
}

SEC("uprobe")
int on_entry___user(struct pt_regs *ctx)
{
	if (bombus_filtered())
		return 0;
	if (!note(ctx, (__u32)bpf_get_stackid(ctx, &functions, BPF_F_USER_STACK)))
		bombus_lost(&call_time);
	return 0;
}

SEC("kprobe")
int on_entry___kernel(struct pt_regs *ctx)
{
	if (!bombus_filtered() && !note(ctx, bpf_get_func_ip(ctx)))
		bombus_lost(&kernel_call_time);
	return 0;
}

SEC("uretprobe")
int on_return___user(struct pt_regs *ctx)
{
	struct user_key key = {};
	struct func_call call;
	__u64 took_ns;

	if (!take(ctx, &call, &took_ns))
		return 0;
	key.function = call.function;
	bombus_histogram_observe(&call_time, &key, took_ns);
	return 0;
}

SEC("kretprobe")
int on_return___kernel(struct pt_regs *ctx)
{
	struct kernel_key key = {};
	struct func_call call;
	__u64 took_ns;

	if (!take(ctx, &call, &took_ns))
		return 0;
	key.function = call.function;
	bombus_histogram_observe(&kernel_call_time, &key, took_ns);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long functions take") = "GPL";
