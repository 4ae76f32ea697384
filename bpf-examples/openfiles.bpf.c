// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The files that are open now, by process: with `deleted`, those that take up space without a name
 * (a log that was rotated away, a binary that was replaced).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define S_IFMT 0170000
#define S_IFREG 0100000

BOMBUS_FILTERS;
const volatile bool deleted BOMBUS_PARAM BOMBUS_HELP("only regular files without a name") = false;
const volatile bool regular_only BOMBUS_PARAM BOMBUS_HELP("only regular files") = false;
const volatile char fs[BOMBUS_COMM_LEN] BOMBUS_PARAM
	BOMBUS_HELP("only file systems of this type, empty: all") = "";

struct row {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was looked at");
	pid_t pid BOMBUS_HELP("process");
	bombus_uid uid BOMBUS_LABEL BOMBUS_HELP("its user");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("its cgroup");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	__u32 fd BOMBUS_HELP("descriptor");
	umode_t mode BOMBUS_HELP("type and mode of the file");
	__u32 links BOMBUS_HELP("names that it has; 0: deleted");
	bytes size BOMBUS_HELP("size of the file");
	bytes space BOMBUS_HELP("space that it takes up");
	__u64 offset BOMBUS_UNIT("bytes") BOMBUS_HELP("where it is read or written next");
	__u64 inode BOMBUS_HELP("number of the file");
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("type of the file system");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("path, where the file has one");
};

BOMBUS_ITER(files, struct row);
BOMBUS_PATHS;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct row);
} rows SEC(".maps") BOMBUS_HELP("room for a row");

static __always_inline bool is_wanted(const struct inode *inode, const char *type)
{
	__u32 mode = BPF_CORE_READ(inode, i_mode) & S_IFMT;

	if ((deleted || regular_only) && mode != S_IFREG)
		return false;
	if (deleted && BPF_CORE_READ(inode, i_nlink))
		return false;
	return bombus_fs_is(type, fs);
}

static __always_inline void fill(struct row *row, const struct task_struct *task,
				 const struct file *file, const struct inode *inode)
{
	row->time = bpf_ktime_get_ns();
	row->pid = BPF_CORE_READ(task, tgid);
	row->uid = BPF_CORE_READ(task, cred, uid.val);
	row->cgroup = bombus_task_cgroup(task);
	bpf_core_read_str(row->comm, sizeof(row->comm), &task->comm);
	row->mode = BPF_CORE_READ(inode, i_mode);
	row->links = BPF_CORE_READ(inode, i_nlink);
	row->size = BPF_CORE_READ(inode, i_size);
	row->space = BPF_CORE_READ(inode, i_blocks) * 512;
	row->offset = BPF_CORE_READ(file, f_pos);
	row->inode = BPF_CORE_READ(inode, i_ino);
	bombus_file_path(row->path, file);
}

SEC("iter/task_file")
int files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	__u32 zero = 0;
	struct inode *inode;
	struct row *row = bpf_map_lookup_elem(&rows, &zero);

	if (!task || !file || !row || bombus_task_filtered(task))
		return 0;
	inode = file->f_inode;
	__builtin_memset(row, 0, sizeof(*row));
	bombus_fs_name(row->fs, sizeof(row->fs), inode);
	if (!is_wanted(inode, row->fs))
		return 0;
	row->fd = ctx->fd;
	fill(row, task, file, inode);
	bpf_seq_write(ctx->meta->seq, row, sizeof(*row));
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("files that are open now, also those that are deleted") = "GPL";
