// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Calls that ask about files: stat, statfs, access and readlink, with their results. They show
 * searches along a path, and polling.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

enum stat_op {
	STAT_STAT,
	STAT_LSTAT,
	STAT_FSTAT,
	STAT_STATAT,
	STAT_STATX,
	STAT_STATFS,
	STAT_ACCESS,
	STAT_READLINK,
};

BOMBUS_FILTERS;
const volatile bool failed_only BOMBUS_PARAM BOMBUS_HELP("only calls that failed") = false;

struct event {
	BOMBUS_WHO;
	enum stat_op op BOMBUS_LABEL BOMBUS_HELP("call");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("path asked for, or that of a descriptor");
};

BOMBUS_EVENTS(stats, struct event, 4 << 20) BOMBUS_HELP("calls that ask about files");
BOMBUS_PATHS;

/* Without a path the question is about the file of a descriptor, the first argument. */
static __always_inline int report(enum stat_op op, unsigned long path, long ret)
{
	struct file *file = NULL;
	struct event *e;

	if ((failed_only && ret >= 0) || bombus_filtered())
		return 0;
	e = bombus_reserve(&stats, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->op = op;
	e->err = ret < 0 ? -ret : 0;
	if (path)
		bpf_probe_read_user_str(e->path, sizeof(e->path), (const void *)path);
	if (!e->path[0])
		file = bombus_file(bombus_arg(0));
	if (file)
		bombus_file_path(e->path, file);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* `arg` is the argument that holds the path. */
#define WATCH(call, op, arg)                                                                       \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int on_##call(struct trace_event_raw_sys_exit *ctx)                                        \
	{                                                                                          \
		return report(op, bombus_arg(arg), ctx->ret);                                      \
	}

WATCH(newfstatat, STAT_STATAT, 1)
WATCH(statx, STAT_STATX, 1)
WATCH(statfs, STAT_STATFS, 0)
WATCH(faccessat, STAT_ACCESS, 1)
WATCH(faccessat2, STAT_ACCESS, 1)
WATCH(readlinkat, STAT_READLINK, 1)

SEC("tracepoint/syscalls/sys_exit_newfstat")
int on_newfstat(struct trace_event_raw_sys_exit *ctx)
{
	return report(STAT_FSTAT, 0, ctx->ret);
}

/* Newer architectures have those with a folder's descriptor only. */
#ifdef __TARGET_ARCH_x86
WATCH(newstat, STAT_STAT, 0)
WATCH(newlstat, STAT_LSTAT, 0)
WATCH(access, STAT_ACCESS, 0)
WATCH(readlink, STAT_READLINK, 0)
#endif

char LICENSE[] SEC("license")
	BOMBUS_HELP("calls that ask about files: stat, statfs, access, readlink") = "GPL";
