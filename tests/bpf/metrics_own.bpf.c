// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Everything that can go wrong, at each round: records that find no room, that are too short, that
 * are more than their reader takes; keys that a map refuses; a program that is called while it runs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>

const volatile __u32 target_pid = 0;

struct record {
	__u64 number BOMBUS_LABEL;
	__u8 filler[248] BOMBUS_HIDE;
};
BOMBUS_EVENTS_IN(".maps.counter", records, struct record, 64 << 10);

/* A hundred records at each sweep, while the process is there. */
BOMBUS_ITER(slow, struct record);
SEC("iter/task")
int slow(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct record record = {};

	if (!task || !target_pid || task->pid != target_pid)
		return 0;
	for (int i = 0; i < 100; i++)
		bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

BOMBUS_LOST(small);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} small SEC(".maps.counter");

/* Not shown, but what it does not take is. */
BOMBUS_LOST(starts);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

static bool is_ours(void)
{
	return target_pid && bpf_get_current_pid_tgid() >> 32 == target_pid;
}

static long emit(__u32 i, void *ctx)
{
	struct record record = { .number = i % 20 };
	__u32 key = i % 8;
	__u64 zero = 0;

	bombus_output(&records, &record, i == 7 ? 4 : sizeof(record));
	if (i < 8)
		bombus_count(&small, &key, 1);
	if (i < 6)
		bombus_update(&starts, &key, &zero, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	if (!is_ours())
		return 0;
	bpf_loop(1000, emit, (void *)0, 0);
	bpf_printk("round");
	return 0;
}

/* What it prints calls it again. */
SEC("raw_tp/bpf_trace_printk")
int on_print(void *ctx)
{
	if (is_ours())
		bpf_printk("again");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
