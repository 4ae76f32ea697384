// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The current processes of all containers, with the columns of ps, the cgroup and the namespaces.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define PAGE_BYTES 4096
#define KINDS_OF_PAGES 4
#define PF_KTHREAD 0x00200000
#define MAX_THREADS 65536

BOMBUS_FILTERS;
const volatile bool threads BOMBUS_PARAM BOMBUS_HELP("every thread, not just processes") = false;
const volatile bool kernel_threads BOMBUS_PARAM BOMBUS_HELP("also those of the kernel") = false;

enum task_state {
	RUNNING = 0,
	SLEEPING = 1,
	BLOCKED = 2,
	STOPPED = 4,
	TRACED = 8,
	DEAD = 16,
	ZOMBIE = 32,
	PARKED = 64,
	IDLE = 1026,
};

struct row {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was looked at");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	pid_t ppid BOMBUS_HELP("parent process");
	bombus_uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name");
	enum task_state state BOMBUS_LABEL BOMBUS_HELP("state of its first thread");
	__u32 nr_threads BOMBUS_HELP("threads that it has");
	boottime_ns started BOMBUS_HELP("when it started");
	duration cpu_time BOMBUS_HELP("time on CPUs, of all its threads");
	bytes resident BOMBUS_HELP("memory in use, about");
	mntns_id mntns BOMBUS_HELP("mount namespace: the container");
	netns_id netns BOMBUS_HELP("network namespace");
	cgroup_id cgroup BOMBUS_HELP("cgroup");
	char exe[BOMBUS_PATH_LEN] BOMBUS_HELP("program that it runs");
};

BOMBUS_ITER(processes, struct row);
BOMBUS_PATHS;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct row);
} rows SEC(".maps") BOMBUS_HELP("room for a row");

/* Until Linux 6.1. */
struct mm_rss_stat___old {
	atomic_long_t count[KINDS_OF_PAGES];
};
struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

/* Files, anonymous and shared memory; not what is swapped out. Counters of each CPU come later. */
static __always_inline __u64 resident_of(const struct mm_struct *mm)
{
	static const int kinds[] = { 0 /* MM_FILEPAGES */, 1 /* MM_ANONPAGES */,
				     3 /* MM_SHMEMPAGES */ };
	const struct mm_struct___old *old = (const void *)mm;
	__s64 pages = 0, n;

	for (int i = 0; i < 3; i++) {
		if (bpf_core_field_exists(old->rss_stat.count))
			n = BPF_CORE_READ(old, rss_stat.count[kinds[i]].counter);
		else
			n = BPF_CORE_READ(mm, rss_stat[kinds[i]].count);
		pages += n > 0 ? n : 0;
	}
	return pages * PAGE_BYTES;
}

/* Until Linux 5.14 the state was signed and had another name. */
static __always_inline __u32 state_of(const struct task_struct *task)
{
	__u32 ended = BPF_CORE_READ(task, exit_state);

	return ended ? ended : BPF_CORE_READ(task, __state) & 0x4ff;
}

struct adding {
	const struct list_head *next;
	const struct list_head *end;
	__u64 sum;
};

static long add_thread(__u32 i, struct adding *adding)
{
	const struct list_head *node = adding->next;
	const struct task_struct *task;

	if (node == adding->end)
		return 1;
	task = (const void *)node - bpf_core_field_offset(struct task_struct, thread_node);
	adding->sum += BPF_CORE_READ(task, se.sum_exec_runtime);
	adding->next = BPF_CORE_READ(node, next);
	return !adding->next;
}

/* Of its threads, and of those that ended. */
static __always_inline __u64 cpu_time_of(const struct task_struct *task)
{
	const struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct adding adding = {};

	if (threads || !signal)
		return BPF_CORE_READ(task, se.sum_exec_runtime);
	adding.end =
		(const void *)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	adding.next = BPF_CORE_READ(signal, thread_head.next);
	adding.sum = BPF_CORE_READ(signal, sum_sched_runtime);
	bpf_loop(MAX_THREADS, add_thread, &adding, 0);
	return adding.sum;
}

static __always_inline void fill(struct row *row, const struct task_struct *task)
{
	const struct mm_struct *mm = BPF_CORE_READ(task, mm);
	const struct file *exe = mm ? BPF_CORE_READ(mm, exe_file) : NULL;

	row->time = bpf_ktime_get_ns();
	row->pid = BPF_CORE_READ(task, tgid);
	row->tid = BPF_CORE_READ(task, pid);
	row->ppid = BPF_CORE_READ(task, real_parent, tgid);
	row->uid = BPF_CORE_READ(task, cred, uid.val);
	bpf_core_read_str(row->comm, sizeof(row->comm), &task->comm);
	row->state = state_of(task);
	row->nr_threads = BPF_CORE_READ(task, signal, nr_threads);
	row->started = BPF_CORE_READ(task, start_boottime);
	row->cpu_time = cpu_time_of(task);
	row->resident = mm ? resident_of(mm) : 0;
	row->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	row->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	row->cgroup = bombus_task_cgroup(task);
	if (exe)
		bombus_file_path(row->exe, exe);
}

SEC("iter/task")
int processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 zero = 0;
	struct row *row = bpf_map_lookup_elem(&rows, &zero);

	if (!task || !row || (!threads && task->pid != task->tgid) ||
	    (!kernel_threads && (task->flags & PF_KTHREAD)) || bombus_task_filtered(task))
		return 0;
	__builtin_memset(row, 0, sizeof(*row));
	fill(row, task);
	bpf_seq_write(ctx->meta->seq, row, sizeof(*row));
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("current processes, in all containers") = "GPL";
