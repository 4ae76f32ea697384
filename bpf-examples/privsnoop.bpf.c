// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Changes of privileges: of users, groups, capabilities, namespaces and no_new_privs, by which
 * call, and from what to what. A program with the setuid bit or file capabilities is a change by
 * exec. Calls that change nothing are left out, unless they fail.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define NO_NEW_PRIVS 1 /* of task_struct's atomic_flags */

BOMBUS_FILTERS;
const volatile bool gained_only BOMBUS_PARAM
	BOMBUS_HELP("only changes that gave root's id or a capability") = false;

struct privileges {
	bombus_uid uid;
	bombus_uid euid;
	bombus_gid gid;
	bombus_gid egid;
	__u64 caps;
	mntns_id mntns;
	netns_id netns;
	__u32 userns;
	__u32 no_new_privs;
};

struct event {
	BOMBUS_WHO;
	syscall_t call BOMBUS_LABEL BOMBUS_HELP("system call that did it");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	bombus_uid euid BOMBUS_HELP("effective user, after");
	bombus_uid old_euid BOMBUS_HELP("before");
	bombus_gid egid BOMBUS_HELP("effective group, after");
	bombus_gid old_egid BOMBUS_HELP("before");
	__u64 gained BOMBUS_HELP("capabilities that became effective, as bits");
	__u64 dropped BOMBUS_HELP("capabilities that are effective no more, as bits");
	bool no_new_privs BOMBUS_HELP("it can gain none by exec any more");
	bool other_namespace BOMBUS_HELP("its user, mount or network namespace is another one");
	char fname[BOMBUS_PATH_LEN] BOMBUS_HELP("program, where exec did it");
};

BOMBUS_EVENTS(privileges, struct event, 1 << 20) BOMBUS_HELP("changes of privileges");

/* LRU: a thread that becomes its process's first by exec returns under another id. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct privileges);
} before SEC(".maps") BOMBUS_HELP("privileges of threads at the beginning of a call");
BOMBUS_PATHS;

static __always_inline void take(struct privileges *ret)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	ret->uid = BPF_CORE_READ(cred, uid.val);
	ret->euid = BPF_CORE_READ(cred, euid.val);
	ret->gid = BPF_CORE_READ(cred, gid.val);
	ret->egid = BPF_CORE_READ(cred, egid.val);
	/* Two words of 32 bits until Linux 6.2, one of 64 since. */
	bpf_core_read(&ret->caps, sizeof(ret->caps), &cred->cap_effective);
	ret->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	ret->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	ret->userns = BPF_CORE_READ(cred, user_ns, ns.inum);
	ret->no_new_privs = BPF_CORE_READ(task, atomic_flags) & NO_NEW_PRIVS;
}

static __always_inline int begin(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct privileges privileges = {};

	if (bombus_filtered())
		return 0;
	take(&privileges);
	bpf_map_update_elem(&before, &tid, &privileges, BPF_ANY);
	return 0;
}

static __always_inline bool is_same(const struct privileges *a, const struct privileges *b)
{
	return a->uid == b->uid && a->euid == b->euid && a->gid == b->gid && a->egid == b->egid &&
	       a->caps == b->caps && a->mntns == b->mntns && a->netns == b->netns &&
	       a->userns == b->userns && a->no_new_privs == b->no_new_privs;
}

static __always_inline bool is_wanted(const struct privileges *old, const struct privileges *new,
				      long ret, bool by_exec)
{
	if (gained_only)
		return (new->caps & ~old->caps) || (!new->euid && old->euid);
	return (ret < 0 && !by_exec) || !is_same(old, new);
}

static __always_inline void report(const struct privileges *old, const struct privileges *new,
				   int call, long ret, bool by_exec)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	struct event *e = bombus_reserve(&privileges, sizeof(*e));
	struct file *file;

	if (!e)
		return;
	bombus_who(e);
	e->call = call;
	e->err = ret < 0 ? -ret : 0;
	e->euid = new->euid;
	e->old_euid = old->euid;
	e->egid = new->egid;
	e->old_egid = old->egid;
	e->gained = new->caps & ~old->caps;
	e->dropped = old->caps & ~new->caps;
	e->no_new_privs = new->no_new_privs;
	e->other_namespace =
		new->mntns != old->mntns || new->netns != old->netns || new->userns != old->userns;
	file = by_exec ? BPF_CORE_READ(task, mm, exe_file) : NULL;
	if (file)
		bombus_file_path(e->fname, file);
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int end(int call, long ret, bool by_exec)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct privileges *old = bpf_map_lookup_elem(&before, &tid), new = {};

	if (!old)
		return 0;
	take(&new);
	if (is_wanted(old, &new, ret, by_exec))
		report(old, &new, call, ret, by_exec);
	bpf_map_delete_elem(&before, &tid);
	return 0;
}

#define WATCH(call, by_exec)                                                                       \
	SEC("tracepoint/syscalls/sys_enter_" #call)                                                \
	int enter_##call(void *ctx)                                                                \
	{                                                                                          \
		return begin();                                                                    \
	}                                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int exit_##call(struct trace_event_raw_sys_exit *ctx)                                      \
	{                                                                                          \
		return end(ctx->id, ctx->ret, by_exec);                                            \
	}

WATCH(execve, true)
WATCH(execveat, true)
WATCH(setuid, false)
WATCH(setgid, false)
WATCH(setreuid, false)
WATCH(setregid, false)
WATCH(setresuid, false)
WATCH(setresgid, false)
WATCH(setfsuid, false)
WATCH(setfsgid, false)
WATCH(setgroups, false)
WATCH(capset, false)
WATCH(unshare, false)
WATCH(setns, false)

/* Of its many uses only those that change something. */
SEC("tracepoint/syscalls/sys_enter_prctl")
int enter_prctl(void *ctx)
{
	return begin();
}

SEC("tracepoint/syscalls/sys_exit_prctl")
int exit_prctl(struct trace_event_raw_sys_exit *ctx)
{
	return end(ctx->id, 0, false);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("changes of users, groups, capabilities and namespaces") = "GPL";
