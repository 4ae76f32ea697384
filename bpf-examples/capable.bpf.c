// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Which capabilities processes are checked for, and whether they had them: what a service must be
 * granted, and what it can be denied.
 *
 * Since 6.14 the kernel has a tracepoint for it. Before, the function is watched; at its entry
 * alone (kprobe) the verdict is not known yet.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

/* clang-format off */
enum capability {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_KILL,
	CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_LINUX_IMMUTABLE, CAP_NET_BIND_SERVICE,
	CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_MODULE,
	CAP_SYS_RAWIO, CAP_SYS_CHROOT, CAP_SYS_PTRACE, CAP_SYS_PACCT, CAP_SYS_ADMIN, CAP_SYS_BOOT,
	CAP_SYS_NICE, CAP_SYS_RESOURCE, CAP_SYS_TIME, CAP_SYS_TTY_CONFIG, CAP_MKNOD, CAP_LEASE,
	CAP_AUDIT_WRITE, CAP_AUDIT_CONTROL, CAP_SETFCAP, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN,
	CAP_SYSLOG, CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND, CAP_AUDIT_READ, CAP_PERFMON, CAP_BPF,
	CAP_CHECKPOINT_RESTORE,
};
/* clang-format on */

enum verdict {
	CHECK_GRANTED,
	CHECK_REFUSED,
	CHECK_UNKNOWN,
};

/* The check's options are not told by every hook. */
#define OPTIONS_UNKNOWN -1

BOMBUS_FILTERS;
const volatile bool
	refused_only BOMBUS_PARAM BOMBUS_HELP("only capabilities that were lacking") = false;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was checked");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	mntns_id mntnsid BOMBUS_HELP("mount namespace: the container");
	enum capability cap BOMBUS_LABEL BOMBUS_HELP("capability");
	enum verdict verdict BOMBUS_LABEL BOMBUS_HELP("whether the process had it");
	int cap_opt BOMBUS_HELP("options of the check: 2 is not for audit; -1: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
};

BOMBUS_EVENTS_IN(".maps.print", checks, struct event, 4 << 20) BOMBUS_HELP("capability checks");

static __always_inline int report(int cap, int cap_opt, enum verdict verdict)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event *e;

	if (bombus_filtered() || (refused_only && verdict == CHECK_GRANTED))
		return 0;
	e = bombus_reserve(&checks, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->uid = bpf_get_current_uid_gid();
	e->mntnsid = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	e->cap = cap;
	e->verdict = verdict;
	e->cap_opt = cap_opt;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(cap_capable___tp, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *capable, int cap, int ret)
{
	return report(cap, OPTIONS_UNKNOWN, ret ? CHECK_REFUSED : CHECK_GRANTED);
}

SEC("fexit/cap_capable")
int BPF_PROG(cap_capable___fexit, const struct cred *cred, struct user_namespace *target, int cap,
	     unsigned int opts, int ret)
{
	return report(cap, opts, ret ? CHECK_REFUSED : CHECK_GRANTED);
}

SEC("kprobe/cap_capable")
int BPF_KPROBE(cap_capable___kprobe, const struct cred *cred, struct user_namespace *target,
	       int cap, unsigned int opts)
{
	return report(cap, opts, CHECK_UNKNOWN);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("capabilities that processes are checked for, and the verdict") = "GPL";
