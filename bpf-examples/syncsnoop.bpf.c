// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Calls that write data to disk, with the time that they take: sync, syncfs, fsync, fdatasync,
 * sync_file_range, msync.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

enum sync_op {
	SYNC_ALL,
	SYNC_FS,
	SYNC_FILE,
	SYNC_DATA,
	SYNC_RANGE,
	SYNC_MEMORY,
};

BOMBUS_FILTERS;
const volatile duration min_time BOMBUS_PARAM BOMBUS_HELP("only calls that took at least this") = 0;

struct event {
	BOMBUS_WHO;
	enum sync_op op BOMBUS_LABEL BOMBUS_HELP("call");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from call to return");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("the file, where the call names one");
};

BOMBUS_EVENTS(syncs, struct event, 4 << 20) BOMBUS_HELP("calls that write data to disk");
BOMBUS_PATHS;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} since SEC(".maps") BOMBUS_HELP("threads inside a call: when it began");

static __always_inline int begin(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 now_ns = bpf_ktime_get_ns();

	if (!bombus_filtered() && bpf_map_update_elem(&since, &tid, &now_ns, BPF_ANY))
		bombus_lost(&syncs);
	return 0;
}

static __always_inline void report(enum sync_op op, __u64 took, long ret)
{
	struct event *e = bombus_reserve(&syncs, sizeof(*e));
	struct file *file;

	if (!e)
		return;
	bombus_who(e);
	e->op = op;
	e->took = took;
	e->err = ret < 0 ? -ret : 0;
	file = op == SYNC_ALL || op == SYNC_MEMORY ? NULL : bombus_file(bombus_arg(0));
	if (file)
		bombus_file_path(e->path, file);
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int end(enum sync_op op, long ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *since_ns = bpf_map_lookup_elem(&since, &tid), took;

	if (!since_ns)
		return 0;
	took = bpf_ktime_get_ns() - *since_ns;
	bpf_map_delete_elem(&since, &tid);
	if (took >= min_time)
		report(op, took, ret);
	return 0;
}

#define WATCH(call, op)                                                                            \
	SEC("tracepoint/syscalls/sys_enter_" #call)                                                \
	int enter_##call(void *ctx)                                                                \
	{                                                                                          \
		return begin();                                                                    \
	}                                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int exit_##call(struct trace_event_raw_sys_exit *ctx)                                      \
	{                                                                                          \
		return end(op, ctx->ret);                                                          \
	}

WATCH(sync, SYNC_ALL)
WATCH(syncfs, SYNC_FS)
WATCH(fsync, SYNC_FILE)
WATCH(fdatasync, SYNC_DATA)
WATCH(sync_file_range, SYNC_RANGE)
WATCH(msync, SYNC_MEMORY)

char LICENSE[] SEC("license") BOMBUS_HELP("calls that write data to disk, with their time") = "GPL";
