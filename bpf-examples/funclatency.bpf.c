// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long functions of a program, a library or the kernel take; --attach names the functions, for
 * their entry and their return:
 *
 *	bombus run funclatency --attach '*=libc:getaddrinfo'
 *	bombus run funclatency --attach '*=/usr/bin/bash:readline'
 *	bombus run funclatency --attach '*=vfs_read'
 *
 * Each level of a recursive function counts. The time includes waits and the functions that it
 * calls.
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

#define PAGE_SHIFT 12

BOMBUS_FILTERS;
const volatile duration min_ns BOMBUS_PARAM BOMBUS_HELP("only calls of at least this") = 0;

struct user_function {
	char file[32] BOMBUS_LABEL BOMBUS_HELP("binary or library");
	void *offset BOMBUS_LABEL BOMBUS_HELP("where the function begins in that file");
};

struct function_at {
	__u64 address;
	struct user_function *ret;
};

/* Addresses differ from process to process; the place in the file does not. */
static long see_vma(struct task_struct *task, struct vm_area_struct *vma, struct function_at *at)
{
	struct file *file = vma->vm_file;

	if (!file)
		return 0;
	at->ret->offset = (void *)(at->address - vma->vm_start + (vma->vm_pgoff << PAGE_SHIFT));
	bpf_probe_read_kernel_str(at->ret->file, sizeof(at->ret->file),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return 0;
}

static __always_inline void find_function(struct pt_regs *ctx, struct user_function *ret)
{
	struct function_at at = { PT_REGS_IP(ctx), ret };

	bpf_find_vma(bpf_get_current_task_btf(), at.address, see_vma, &at, 0);
}

struct user_key {
	struct user_function function;
	__u32 bucket;
	__u32 zero BOMBUS_HIDE;
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
	__u64 kernel;
	struct user_function user;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct call_key);
	__type(value, struct func_call);
} open_calls SEC(".maps") BOMBUS_HELP("calls that have not returned");

static __always_inline bool note(struct pt_regs *ctx, bool is_user)
{
	struct call_key key = { bpf_get_current_pid_tgid(), PT_REGS_SP(ctx) };
	struct func_call call = {};

	if (is_user)
		find_function(ctx, &call.user);
	else
		call.kernel = bpf_get_func_ip(ctx);
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
	if (!bombus_filtered() && !note(ctx, true))
		bombus_lost(&call_time);
	return 0;
}

SEC("kprobe")
int on_entry___kernel(struct pt_regs *ctx)
{
	if (!bombus_filtered() && !note(ctx, false))
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
	key.function = call.user;
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
	key.function = call.kernel;
	bombus_histogram_observe(&kernel_call_time, &key, took_ns);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long functions take") = "GPL";
