// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Programs that are started, with their arguments. Only calls of exec that succeed are shown. The
 * chain of parents shows where a program comes from: "sh<sshd<sshd<systemd".
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define ARGS_SHOWN 256
#define PATH_SHOWN 256
#define PARENTS_SHOWN 128
#define MAX_PARENTS 16

BOMBUS_FILTERS;
const volatile pid_t
	target_parent BOMBUS_PARAM BOMBUS_HELP("only children of this process, 0: every one") = 0;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it started");
	pid_t pid BOMBUS_HELP("process");
	pid_t ppid BOMBUS_HELP("parent process");
	uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its new name");
	char pcomm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its parent's name");
	bool args_cut BOMBUS_HELP("there are more arguments than are shown");
	char fname[PATH_SHOWN] BOMBUS_HELP("path of the program");
	char args[ARGS_SHOWN] BOMBUS_HELP("arguments, from the program's name on");
	char parents[PARENTS_SHOWN] BOMBUS_HELP("its parent, the parent of that, and so on");
	cgroup_id cgroup BOMBUS_HELP("its cgroup");
};

BOMBUS_EVENTS(execs, struct event, 4 << 20) BOMBUS_HELP("programs started");

/* The arguments lie one after the other, each with its NUL, in the memory of the new program. */
static __always_inline void read_args(struct event *e, const struct mm_struct *mm)
{
	unsigned long from = BPF_CORE_READ(mm, arg_start), to = BPF_CORE_READ(mm, arg_end);
	__u64 len = to - from;

	if (len > sizeof(e->args) - 1) {
		len = sizeof(e->args) - 1;
		e->args_cut = true;
	}
	if (bpf_probe_read_user(e->args, len, (const void *)from))
		return;
	for (__u32 i = 0; i + 1 < sizeof(e->args); i++) {
		if (i + 1 < len && !e->args[i])
			e->args[i] = ' ';
	}
}

/* On the way from the parent to the first process. */
struct chain {
	const struct task_struct *task;
	__u64 at;
	char names[PARENTS_SHOWN + BOMBUS_COMM_LEN];
};

/* One more name, with a '<' behind it; 1 at the end. */
static long read_parent(__u32 i, struct chain *chain)
{
	const struct task_struct *task = chain->task;
	__u64 at = chain->at;
	long len;

	if (at >= PARENTS_SHOWN || !BPF_CORE_READ(task, tgid))
		return 1;
	len = bpf_core_read_str(&chain->names[at], BOMBUS_COMM_LEN, &task->comm);
	if (len < 1 || len > BOMBUS_COMM_LEN)
		return 1;
	at += len - 1;
	if (at >= sizeof(chain->names))
		return 1;
	chain->names[at] = '<';
	chain->at = at + 1;
	chain->task = BPF_CORE_READ(task, real_parent, group_leader);
	return 0;
}

static __always_inline void read_parents(struct event *e, const struct task_struct *parent)
{
	struct chain chain = { .task = parent };

	bpf_loop(MAX_PARENTS, read_parent, &chain, 0);
	if (chain.at && chain.at <= sizeof(chain.names))
		chain.names[chain.at - 1] = '\0';
	__builtin_memcpy(e->parents, chain.names, sizeof(e->parents) - 1);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(execsnoop, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct task_struct *parent;
	struct event *e;

	if (bombus_filtered())
		return 0;
	parent = BPF_CORE_READ(task, real_parent);
	if (target_parent && target_parent != BPF_CORE_READ(parent, tgid))
		return 0;
	e = bombus_reserve(&execs, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	e->pid = task->tgid;
	e->ppid = BPF_CORE_READ(parent, tgid);
	e->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	BPF_CORE_READ_STR_INTO(&e->pcomm, parent, comm);
	bpf_probe_read_kernel_str(e->fname, sizeof(e->fname), BPF_CORE_READ(bprm, filename));
	/* Linux 5.17 or later. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		read_parents(e, parent);
	read_args(e, BPF_CORE_READ(task, mm));
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("programs that are started, with their arguments") = "GPL";
