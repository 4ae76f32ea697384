// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Who is killed for want of memory, and whose request for memory brought it about.
 *
 * The kernel's own function knows the limit that was reached. The tracepoint is there on kernels
 * that let no one into functions; it is told the victim, or, in older kernels, only its pid.
 *
 * The filters are about the victim.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the victim was chosen");
	pid_t fpid BOMBUS_HELP("process that asked for memory");
	pid_t tpid BOMBUS_HELP("process that is killed");
	__u64 pages BOMBUS_UNIT("pages") BOMBUS_HELP("limit that was reached, 0: not known");
	__u64 vm_pages BOMBUS_UNIT("pages")
		BOMBUS_HELP("address space of the victim, 0: not known");
	cgroup_id cgroup BOMBUS_HELP("cgroup of the victim, 0: not known");
	char fcomm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of its thread");
	char tcomm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the victim");
};

BOMBUS_EVENTS_IN(".maps.print", oomkills, struct event, 256 << 10)
BOMBUS_HELP("processes killed for want of memory");

static __always_inline void report(pid_t victim_pid, const struct task_struct *victim, __u64 pages)
{
	struct event *e = bombus_reserve(&oomkills, sizeof(*e));

	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->fpid = bpf_get_current_pid_tgid() >> 32;
	e->tpid = victim_pid;
	e->pages = pages;
	bpf_get_current_comm(e->fcomm, sizeof(e->fcomm));
	if (victim) {
		e->vm_pages = BPF_CORE_READ(victim, mm, total_vm);
		e->cgroup = bombus_task_cgroup(victim);
		BPF_CORE_READ_STR_INTO(&e->tcomm, victim, comm);
	}
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int on_kill(const struct oom_control *oc)
{
	const struct task_struct *victim = BPF_CORE_READ(oc, chosen);

	if (!bombus_task_filtered(victim))
		report(BPF_CORE_READ(victim, tgid), victim, BPF_CORE_READ(oc, totalpages));
	return 0;
}

SEC("fentry/oom_kill_process")
int BPF_PROG(oom_kill___fentry, struct oom_control *oc)
{
	return on_kill(oc);
}

SEC("kprobe/oom_kill_process")
int BPF_KPROBE(oom_kill___kprobe, struct oom_control *oc)
{
	return on_kill(oc);
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_kill___tp, struct task_struct *victim)
{
	/* Where the argument is a pid, reading through it makes the kernel refuse this flavour. */
	if (!bombus_task_filtered(victim))
		report(victim->tgid, victim, 0);
	return 0;
}

SEC("tracepoint/oom/mark_victim")
int oom_kill___tracepoint(struct trace_event_raw_mark_victim *ctx)
{
	pid_t pid = ctx->pid;

	/* More of the victim is not known: a filter by that shows nothing rather than something
	 * wrong. */
	if (!bombus_is_filtering_more() && (!target_pid || target_pid == pid))
		report(pid, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("processes that are killed for want of memory") = "GPL";
