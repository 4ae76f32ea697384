// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Processes that end: how long they lived, and whether they left or were killed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

/* The parts of an exit code, as wait(2) has them. */
#define CODE_SIGNAL 0x7f
#define CODE_CORE 0x80
#define CODE_SHIFT 8

BOMBUS_FILTERS;
const volatile bool
	threads BOMBUS_PARAM BOMBUS_HELP("every thread that ends, not just processes") = false;
const volatile bool failed_only BOMBUS_PARAM
	BOMBUS_HELP("only what was killed or left with a code other than 0") = false;

struct event {
	ktime_ns exit_time BOMBUS_HELP("when it ended");
	ktime_ns start_time BOMBUS_HELP("when it started");
	duration age BOMBUS_OBSERVE BOMBUS_HELP("how long it lived");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	pid_t ppid BOMBUS_HELP("parent process");
	uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	signal_t sig BOMBUS_LABEL BOMBUS_HELP("what killed it");
	int exit_code BOMBUS_LABEL BOMBUS_HELP("its own code, when it was not killed");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	cgroup_id cgroup BOMBUS_HELP("its cgroup");
	bool core_dumped BOMBUS_HELP("it left a core dump");
};

BOMBUS_EVENTS_IN(".maps.print", exits, struct event, 1 << 20) BOMBUS_HELP("processes that ended");

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exitsnoop, struct task_struct *task)
{
	int code = task->exit_code;
	struct event *e;

	/* The first thread stands for the process: its code is that of the whole group. */
	if (!threads && task->pid != task->tgid)
		return 0;
	if ((failed_only && code == 0) || bombus_filtered())
		return 0;
	e = bombus_reserve(&exits, sizeof(*e));
	if (!e)
		return 0;
	e->exit_time = bpf_ktime_get_ns();
	e->start_time = task->start_time;
	e->age = e->exit_time - e->start_time;
	e->pid = task->tgid;
	e->tid = task->pid;
	e->ppid = BPF_CORE_READ(task, real_parent, tgid);
	e->uid = bpf_get_current_uid_gid();
	e->sig = code & CODE_SIGNAL;
	e->exit_code = code >> CODE_SHIFT;
	e->core_dumped = code & CODE_CORE;
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("processes that end: their age and how they ended") = "GPL";
