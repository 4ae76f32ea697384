// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Latency of file systems: a histogram by file system and operation, and each call that took at
 * least `slow`. It is the time of system calls on regular files and folders (read, write and their
 * variants, open, fsync) of any file system. It does not see memory maps and io_uring.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>
#include <bombus/histogram.bpf.h>

#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFDIR 0040000

enum fs_op {
	FS_READ,
	FS_WRITE,
	FS_OPEN,
	FS_FSYNC,
};

BOMBUS_FILTERS;
const volatile char fs[BOMBUS_COMM_LEN] BOMBUS_PARAM BOMBUS_HELP(
	"only file systems of this type (ext4, xfs, btrfs, nfs, nfs4, ...), empty: all") = "";
const volatile duration slow BOMBUS_PARAM
	BOMBUS_HELP("calls that took at least this are reported one by one") = 10000000;

struct latency_key {
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("type of the file system");
	enum fs_op op BOMBUS_LABEL BOMBUS_HELP("operation");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(fs_latency, struct latency_key, 4096)
BOMBUS_UNIT("us") BOMBUS_HELP("time that calls on files take");

struct event {
	BOMBUS_WHO;
	enum fs_op op BOMBUS_LABEL BOMBUS_HELP("operation");
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("type of the file system");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from call to return");
	__u64 moved BOMBUS_UNIT("bytes") BOMBUS_HELP("data read or written");
	bytes size BOMBUS_HELP("size of the file");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("path of the file");
};

BOMBUS_EVENTS(slow_calls, struct event, 4 << 20) BOMBUS_HELP("calls that were slow");
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
		bombus_lost(&fs_latency);
	return 0;
}

static __always_inline void report(enum fs_op op, struct file *file, __u64 took, long ret)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u32 type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	struct latency_key key = { .op = op };
	struct event *e;

	if (type != S_IFREG && type != S_IFDIR)
		return;
	bombus_fs_name(key.fs, sizeof(key.fs), inode);
	if (!bombus_fs_is(key.fs, fs))
		return;
	bombus_histogram_observe(&fs_latency, &key, took / 1000);
	if (took < slow)
		return;
	e = bombus_reserve(&slow_calls, sizeof(*e));
	if (!e)
		return;
	bombus_who(e);
	e->op = op;
	__builtin_memcpy(e->fs, key.fs, sizeof(e->fs));
	e->took = took;
	e->moved = ret > 0 && (op == FS_READ || op == FS_WRITE) ? ret : 0;
	e->size = BPF_CORE_READ(inode, i_size);
	e->err = ret < 0 ? -ret : 0;
	bombus_file_path(e->path, file);
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int end(enum fs_op op, long ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *since_ns = bpf_map_lookup_elem(&since, &tid), took;
	struct file *file;

	if (!since_ns)
		return 0;
	took = bpf_ktime_get_ns() - *since_ns;
	bpf_map_delete_elem(&since, &tid);
	/* open() has no file where it failed. */
	file = bombus_file(op == FS_OPEN ? ret : bombus_arg(0));
	if (file)
		report(op, file, took, ret);
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

WATCH(read, FS_READ)
WATCH(pread64, FS_READ)
WATCH(readv, FS_READ)
WATCH(preadv, FS_READ)
WATCH(preadv2, FS_READ)
WATCH(write, FS_WRITE)
WATCH(pwrite64, FS_WRITE)
WATCH(writev, FS_WRITE)
WATCH(pwritev, FS_WRITE)
WATCH(pwritev2, FS_WRITE)
WATCH(openat, FS_OPEN)
WATCH(openat2, FS_OPEN)
WATCH(fsync, FS_FSYNC)
WATCH(fdatasync, FS_FSYNC)
#ifdef __TARGET_ARCH_x86
WATCH(open, FS_OPEN)
WATCH(creat, FS_OPEN)
#endif

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long file systems take, by operation, and each call that is slow") = "GPL";
