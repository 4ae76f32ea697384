// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * NFS as its clients feel it: how long reads, writes, opens, syncs and lookups of attributes take,
 * how much they move and how many fail. Every version of NFS is seen, but for the opens of NFSv4,
 * which are part of its lookups.
 *
 * The client's module must be loaded (it is as soon as something is mounted).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

enum nfs_op {
	NFS_OP_READ,
	NFS_OP_WRITE,
	NFS_OP_OPEN,
	NFS_OP_FSYNC,
	NFS_OP_GETATTR,
};

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only operations of at least this") = 0;

struct op_time_key {
	enum nfs_op op BOMBUS_LABEL BOMBUS_HELP("operation");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(nfs_op_time, struct op_time_key, 1024)
BOMBUS_UNIT("us") BOMBUS_HELP("time that NFS operations take");

struct op_totals {
	__u64 operations BOMBUS_HELP("operations that ended");
	__u64 errors BOMBUS_HELP("operations that failed");
	__u64 bytes BOMBUS_UNIT("bytes") BOMBUS_HELP("data read or written");
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NFS_OP_GETATTR + 1);
	__type(key, enum nfs_op);
	__type(value, struct op_totals);
} nfs SEC(".maps.counter") BOMBUS_HELP("NFS operations");

struct running {
	__u32 tid;
	enum nfs_op op;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct running);
	__type(value, __u64);
} since SEC(".maps") BOMBUS_HELP("threads inside an operation: when it began");

static __always_inline int begin(enum nfs_op op)
{
	struct running running = { .tid = bpf_get_current_pid_tgid(), .op = op };
	__u64 now_ns = bpf_ktime_get_ns();

	if (!bombus_filtered() && bpf_map_update_elem(&since, &running, &now_ns, BPF_ANY))
		bombus_lost(&nfs_op_time);
	return 0;
}

static __always_inline int end(enum nfs_op op, long ret)
{
	struct running running = { .tid = bpf_get_current_pid_tgid(), .op = op };
	struct op_time_key key = { .op = op };
	__u64 *since_ns = bpf_map_lookup_elem(&since, &running);
	struct op_totals *totals;
	__u64 took_us;
	__u32 index = op;

	if (!since_ns)
		return 0;
	took_us = (bpf_ktime_get_ns() - *since_ns) / 1000;
	bpf_map_delete_elem(&since, &running);
	totals = bpf_map_lookup_elem(&nfs, &index);
	if (took_us < min_us || !totals)
		return 0;
	bombus_histogram_observe(&nfs_op_time, &key, took_us);
	bombus_add(&totals->operations, 1);
	if (ret < 0)
		bombus_add(&totals->errors, 1);
	else if (op == NFS_OP_READ || op == NFS_OP_WRITE)
		bombus_add(&totals->bytes, ret);
	return 0;
}

/*
 * A function of the client, watched where it begins and where it ends. At its end the result
 * follows the arguments, of which there are `nargs`; of an int only the lower half is meant.
 */
#define WATCH(function, op, nargs, result)                                                         \
	SEC("fentry/" #function)                                                                   \
	int function##_begin___fentry(__u64 *ctx)                                                  \
	{                                                                                          \
		return begin(op);                                                                  \
	}                                                                                          \
	SEC("kprobe/" #function)                                                                   \
	int function##_begin___kprobe(struct pt_regs *ctx)                                         \
	{                                                                                          \
		return begin(op);                                                                  \
	}                                                                                          \
	SEC("fexit/" #function)                                                                    \
	int function##_end___fexit(__u64 *ctx)                                                     \
	{                                                                                          \
		return end(op, (result)ctx[nargs]);                                                \
	}                                                                                          \
	SEC("kretprobe/" #function)                                                                \
	int BPF_KRETPROBE(function##_end___kretprobe, unsigned long ret)                           \
	{                                                                                          \
		return end(op, (result)ret);                                                       \
	}

WATCH(nfs_file_read, NFS_OP_READ, 2, long)
WATCH(nfs_file_write, NFS_OP_WRITE, 2, long)
WATCH(nfs_file_open, NFS_OP_OPEN, 2, int)
WATCH(nfs_file_fsync, NFS_OP_FSYNC, 4, int)
WATCH(nfs_getattr, NFS_OP_GETATTR, 5, int)

char LICENSE[] SEC("license") BOMBUS_HELP(
	"NFS clients: how long operations take, what they move, what fails") = "GPL";
