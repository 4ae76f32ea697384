// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * One program for each kind of hook, to be chosen with --only. Each counts what its target does in
 * `hits`; the ones that see every process count the process target_pid alone.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NR_GETPPID 110 /* x86-64 */

const volatile __u32 target_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps.counter");

static __always_inline void hit(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&hits, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void hit_target(void)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_pid)
		hit();
}

SEC("tracepoint/syscalls/sys_enter_getppid") int tp(void *ctx)
{
	hit_target();
	return 0;
}

SEC("tracepoint") int tp_any(void *ctx)
{
	hit_target();
	return 0;
}

SEC("raw_tp/sys_enter") int rawtp(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[1] == NR_GETPPID)
		hit_target();
	return 0;
}

SEC("raw_tp") int rawtp_any(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[1] == NR_GETPPID)
		hit_target();
	return 0;
}

SEC("tp_btf/sys_enter") int BPF_PROG(tpbtf, struct pt_regs *regs, long id)
{
	if (id == NR_GETPPID)
		hit_target();
	return 0;
}

SEC("tp_btf") int BPF_PROG(tpbtf_any, struct pt_regs *regs, long id)
{
	if (id == NR_GETPPID)
		hit_target();
	return 0;
}

SEC("fentry/do_filp_open") int BPF_PROG(fent)
{
	hit_target();
	return 0;
}

SEC("lsm/file_open") int BPF_PROG(lsmopen, struct file *file)
{
	hit_target();
	return 0;
}

SEC("kprobe/__x64_sys_getppid") int kpro(void *ctx)
{
	hit_target();
	return 0;
}

SEC("kprobe.multi/__x64_sys_getpp*") int kmulti(void *ctx)
{
	hit_target();
	return 0;
}

SEC("ksyscall/getppid") int ksys(void *ctx)
{
	hit_target();
	return 0;
}

SEC("uprobe") int upro(void *ctx)
{
	hit();
	return 0;
}

SEC("uretprobe") int uret(void *ctx)
{
	hit();
	return 0;
}

SEC("perf_event/cpu-clock:99") int sample(void *ctx)
{
	hit_target();
	return 0;
}

SEC("iter/task") int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task) {
		hit();
		bpf_seq_write(ctx->meta->seq, &task->pid, sizeof(task->pid));
	}
	return 0;
}

SEC("iter/bpf_map_elem") int elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (value)
		bpf_seq_write(ctx->meta->seq, value, sizeof(*value));
	return 0;
}

SEC("xdp") int packets(struct xdp_md *ctx)
{
	hit();
	return XDP_PASS;
}

SEC("tc/ingress") int in(struct __sk_buff *ctx)
{
	hit();
	return -1;
}

SEC("tc/egress") int out(struct __sk_buff *ctx)
{
	hit();
	return -1;
}

SEC("tc") int both(struct __sk_buff *ctx)
{
	hit();
	return -1;
}

SEC("cgroup_skb/egress") int cgskb(struct __sk_buff *ctx)
{
	hit();
	return 1;
}

SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *ctx)
{
	hit();
	return 1;
}

SEC("sockops") int socks(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		hit();
	return 1;
}

SEC("socket") int frames(struct __sk_buff *ctx)
{
	hit();
	return 0;
}

SEC("sk_lookup") int lookup(struct bpf_sk_lookup *ctx)
{
	hit();
	return SK_PASS;
}

SEC("sk_msg") int message(void *ctx)
{
	return SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
