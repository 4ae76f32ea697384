// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How often functions of a program, a library or the kernel are called; --attach names one or
 * several:
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

#define PAGE_SHIFT 12

BOMBUS_FILTERS;

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

BOMBUS_LOST(calls);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct user_function);
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
	struct user_function key = {};

	if (bombus_filtered())
		return 0;
	find_function(ctx, &key);
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
