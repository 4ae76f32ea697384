// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Names of files that are made, changed and removed: hard and symbolic links, renames, unlinks,
 * folders. The paths are the arguments of the calls, and may be relative.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define SHOWN 192

enum name_op {
	NAME_LINK,
	NAME_SYMLINK,
	NAME_RENAME,
	NAME_UNLINK,
	NAME_MKDIR,
	NAME_RMDIR,
};

BOMBUS_FILTERS;
const volatile bool failed_only BOMBUS_PARAM BOMBUS_HELP("only calls that failed") = false;

struct event {
	BOMBUS_WHO;
	enum name_op op BOMBUS_LABEL BOMBUS_HELP("call");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	char path[SHOWN] BOMBUS_HELP("what it is done to, or what a link points to");
	char to[SHOWN] BOMBUS_HELP("the new name");
};

BOMBUS_EVENTS(file_names, struct event, 4 << 20) BOMBUS_HELP("names made, changed and removed");

static __always_inline int report(enum name_op op, unsigned long path, unsigned long to, long ret)
{
	struct event *e;

	if ((failed_only && ret >= 0) || bombus_filtered())
		return 0;
	e = bombus_reserve(&file_names, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->op = op;
	e->err = ret < 0 ? -ret : 0;
	bpf_probe_read_user_str(e->path, sizeof(e->path), (const void *)path);
	bpf_probe_read_user_str(e->to, sizeof(e->to), (const void *)to);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* The arguments that hold the paths; 0 for none. */
#define WATCH(call, op, path, to)                                                                  \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int on_##call(struct trace_event_raw_sys_exit *ctx)                                        \
	{                                                                                          \
		return report(op, path, to, ctx->ret);                                             \
	}

#define AT_REMOVEDIR 0x200

WATCH(linkat, NAME_LINK, bombus_arg(1), bombus_arg(3))
WATCH(symlinkat, NAME_SYMLINK, bombus_arg(0), bombus_arg(2))
WATCH(renameat, NAME_RENAME, bombus_arg(1), bombus_arg(3))
WATCH(renameat2, NAME_RENAME, bombus_arg(1), bombus_arg(3))
WATCH(unlinkat, bombus_arg(2) & AT_REMOVEDIR ? NAME_RMDIR : NAME_UNLINK, bombus_arg(1), 0)
WATCH(mkdirat, NAME_MKDIR, bombus_arg(1), 0)
/* Newer architectures have those with a folder's descriptor only. */
#ifdef __TARGET_ARCH_x86
WATCH(link, NAME_LINK, bombus_arg(0), bombus_arg(1))
WATCH(symlink, NAME_SYMLINK, bombus_arg(0), bombus_arg(1))
WATCH(rename, NAME_RENAME, bombus_arg(0), bombus_arg(1))
WATCH(unlink, NAME_UNLINK, bombus_arg(0), 0)
WATCH(mkdir, NAME_MKDIR, bombus_arg(0), 0)
WATCH(rmdir, NAME_RMDIR, bombus_arg(0), 0)
#endif

char LICENSE[] SEC("license")
	BOMBUS_HELP("names of files that are made, changed and removed") = "GPL";
