// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Files that processes open, with the result of the call. The path is the argument of the call, and
 * may be relative; it is read when the call returns, since its page may not be in memory before.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define PATH_SHOWN 256

BOMBUS_FILTERS;
const volatile bool failed_only BOMBUS_PARAM BOMBUS_HELP("only calls that failed") = false;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the call returned");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from call to return");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	int ret BOMBUS_HELP("the new descriptor, or a negative error");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	open_flags_t flags BOMBUS_HELP("how it is opened");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("its cgroup");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	char fname[PATH_SHOWN] BOMBUS_HELP("path asked for, cut at 255 bytes");
};

BOMBUS_EVENTS(events, struct event, 4 << 20) BOMBUS_HELP("files opened, or not");

struct call {
	__u64 since_ns;
	const char *path;
	__u64 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps") BOMBUS_HELP("threads inside open, by thread id");

static __always_inline int enter(unsigned long path, __u64 flags)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = {};

	if (bombus_filtered())
		return 0;
	call.since_ns = bpf_ktime_get_ns();
	call.path = (const char *)path;
	call.flags = flags;
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		bombus_lost(&events);
	return 0;
}

static __always_inline void report(const struct call *call, long ret)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct event *e;

	if (failed_only && ret >= 0)
		return;
	e = bombus_reserve(&events, sizeof(*e));
	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->took = e->time - call->since_ns;
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->uid = bpf_get_current_uid_gid();
	e->ret = ret;
	e->err = ret < 0 ? -ret : 0;
	e->flags = call->flags;
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_probe_read_user_str(e->fname, sizeof(e->fname), call->path);
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int leave(long ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);

	if (!call)
		return 0;
	report(call, ret);
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int exit_openat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

SEC("tracepoint/syscalls/sys_enter_openat2")
int enter_openat2(struct trace_event_raw_sys_enter *ctx)
{
	__u64 flags = 0;

	/* The first member of struct open_how. */
	bpf_probe_read_user(&flags, sizeof(flags), (const void *)ctx->args[2]);
	return enter(ctx->args[1], flags);
}

SEC("tracepoint/syscalls/sys_exit_openat2")
int exit_openat2(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

/* Newer architectures have openat() only. */
#ifdef __TARGET_ARCH_x86
#define CREAT_FLAGS 01101 /* O_CREAT | O_WRONLY | O_TRUNC */

SEC("tracepoint/syscalls/sys_enter_open")
int enter_open(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_open")
int exit_open(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

SEC("tracepoint/syscalls/sys_enter_creat")
int enter_creat(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], CREAT_FLAGS);
}

SEC("tracepoint/syscalls/sys_exit_creat")
int exit_creat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}
#endif

char LICENSE[] SEC("license") BOMBUS_HELP("files that processes open, with the results") = "GPL";
