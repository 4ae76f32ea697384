// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What is no ring buffer and gives records all the same: a queue, a stack, an iterator. */
#include "run.bpf.h"

struct run_item {
	__u64 round;
	__u32 pid;
};

struct run_task {
	__u32 pid;
	__u32 tgid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__type(value, struct run_item);
} queue SEC(".maps.events");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 4);
	__type(value, struct run_item);
} stack SEC(".maps.events");

/* As BOMBUS_ITER(tasks, struct run_task) has it. */
const struct run_task *bombus_iter___tasks;

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct run_task row = {};

	if (!task || task->tgid != target_pid)
		return 0;
	row.pid = task->pid;
	row.tgid = task->tgid;
	bpf_probe_read_kernel_str(row.comm, sizeof(row.comm), task->comm);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

/* The first four of the rounds find room; the others are refused, and nobody counts them. */
ON_ROUND int fill(void *ctx)
{
	struct run_item item = {};

	if (!next_round(&item.round))
		return 0;
	item.pid = target_pid;
	bpf_map_push_elem(&queue, &item, BPF_ANY);
	bpf_map_push_elem(&stack, &item, BPF_ANY);
	return 0;
}
