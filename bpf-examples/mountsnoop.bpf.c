// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Calls that mount and unmount, with their process and result: mount(), umount(), pivot_root(), and
 * the newer calls with descriptors (fsopen, fsmount, open_tree, move_mount, mount_setattr).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define SHOWN 128

enum mount_op {
	OP_MOUNT,
	OP_UMOUNT,
	OP_PIVOT_ROOT,
	OP_FSOPEN,
	OP_FSMOUNT,
	OP_OPEN_TREE,
	OP_MOVE_MOUNT,
	OP_MOUNT_SETATTR,
};

BOMBUS_FILTERS;
const volatile bool failed_only BOMBUS_PARAM BOMBUS_HELP("only calls that failed") = false;

struct event {
	BOMBUS_WHO;
	enum mount_op op BOMBUS_LABEL BOMBUS_HELP("call");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	mntns_id mntns BOMBUS_HELP("mount namespace: the container");
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL
		BOMBUS_HELP("type of the file system, where it is named");
	__u32 flags BOMBUS_HELP("flags of the call");
	char source[SHOWN] BOMBUS_HELP("device or other source");
	char target[SHOWN] BOMBUS_HELP("where");
};

BOMBUS_EVENTS(mounts, struct event, 1 << 20) BOMBUS_HELP("calls that mount and unmount");

static __always_inline struct event *begin(enum mount_op op, long ret)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event *e;

	if ((failed_only && ret >= 0) || bombus_filtered())
		return NULL;
	e = bombus_reserve(&mounts, sizeof(*e));
	if (!e)
		return NULL;
	bombus_who(e);
	e->op = op;
	e->err = ret < 0 ? -ret : 0;
	e->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	return e;
}

/* `fill` sets what is known from the arguments; TEXT() is one that points to text. */
#define TEXT(member, arg)                                                                          \
	bpf_probe_read_user_str(e->member, sizeof(e->member), (const void *)bombus_arg(arg))
#define WATCH(call, op, fill)                                                                      \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int on_##call(struct trace_event_raw_sys_exit *ctx)                                        \
	{                                                                                          \
		struct event *e = begin(op, ctx->ret);                                             \
                                                                                                   \
		if (!e)                                                                            \
			return 0;                                                                  \
		fill;                                                                              \
		bpf_ringbuf_submit(e, 0);                                                          \
		return 0;                                                                          \
	}

WATCH(mount, OP_MOUNT, TEXT(source, 0); TEXT(target, 1); TEXT(fs, 2); e->flags = bombus_arg(3))
WATCH(umount, OP_UMOUNT, TEXT(target, 0); e->flags = bombus_arg(1))
WATCH(pivot_root, OP_PIVOT_ROOT, TEXT(source, 0); TEXT(target, 1))
WATCH(fsopen, OP_FSOPEN, TEXT(fs, 0); e->flags = bombus_arg(1))
WATCH(fsmount, OP_FSMOUNT, e->flags = bombus_arg(1))
WATCH(open_tree, OP_OPEN_TREE, TEXT(source, 1); e->flags = bombus_arg(2))
WATCH(move_mount, OP_MOVE_MOUNT, TEXT(source, 1); TEXT(target, 3); e->flags = bombus_arg(4))
WATCH(mount_setattr, OP_MOUNT_SETATTR, TEXT(target, 1); e->flags = bombus_arg(2))

char LICENSE[] SEC("license")
	BOMBUS_HELP("calls that mount and unmount, with their results") = "GPL";
