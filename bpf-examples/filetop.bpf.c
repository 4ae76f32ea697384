// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Files that are read and written most, by process. It counts the bytes that read, write and their
 * variants with offsets and vectors move. It does not see data that memory maps, sendfile() and
 * io_uring move.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define S_IFMT 0170000
#define S_IFREG 0100000

BOMBUS_FILTERS;
const volatile bool all_files BOMBUS_PARAM
	BOMBUS_HELP("also pipes, sockets, devices: all but regular files") = false;

struct file_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	char fs[BOMBUS_COMM_LEN] BOMBUS_HELP("type of the file system");
	char file[BOMBUS_PATH_LEN] BOMBUS_HELP("path of the file");
};

struct traffic {
	__u64 reads BOMBUS_HELP("calls that read");
	__u64 writes BOMBUS_HELP("calls that wrote");
	__u64 read_bytes BOMBUS_UNIT("bytes") BOMBUS_HELP("data read");
	__u64 written_bytes BOMBUS_UNIT("bytes") BOMBUS_HELP("data written");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct file_key);
	__type(value, struct traffic);
} files SEC(".maps.counter") BOMBUS_HELP("traffic of files, by process");
BOMBUS_LOST(files);
BOMBUS_PATHS;

/* Keys are larger than the stack is meant for. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_key);
} keys SEC(".maps") BOMBUS_HELP("room for a key");

static __always_inline struct traffic *traffic_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct file_key *key;
	__u32 zero = 0;

	if (!all_files && (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return NULL;
	key = bpf_map_lookup_elem(&keys, &zero);
	if (!key)
		return NULL;
	__builtin_memset(key, 0, sizeof(*key));
	key->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key->comm, sizeof(key->comm));
	bombus_fs_name(key->fs, sizeof(key->fs), inode);
	bombus_file_path(key->file, file);
	return bombus_entry(&files, key);
}

static __always_inline int count(long ret, bool writes)
{
	struct traffic *traffic;
	struct file *file;

	if (ret < 0 || bombus_filtered())
		return 0;
	file = bombus_file(bombus_arg(0));
	traffic = file ? traffic_of(file) : NULL;
	if (!traffic)
		return 0;
	bombus_add(writes ? &traffic->writes : &traffic->reads, 1);
	bombus_add(writes ? &traffic->written_bytes : &traffic->read_bytes, ret);
	return 0;
}

#define WATCH(call, writes)                                                                        \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int on_##call(struct trace_event_raw_sys_exit *ctx)                                        \
	{                                                                                          \
		return count(ctx->ret, writes);                                                    \
	}

WATCH(read, false)
WATCH(pread64, false)
WATCH(readv, false)
WATCH(preadv, false)
WATCH(preadv2, false)
WATCH(write, true)
WATCH(pwrite64, true)
WATCH(writev, true)
WATCH(pwritev, true)
WATCH(pwritev2, true)

char LICENSE[] SEC("license")
	BOMBUS_HELP("files that are read and written most, by process") = "GPL";
