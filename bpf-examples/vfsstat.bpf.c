// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Operations on files of every file system, by kind, counted in the VFS: those of system calls and
 * of the kernel itself. A file that open() makes counts as created, too.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define FMODE_CREATED 0x100000
#define MAX_ERRNO 4095

enum vfs_op {
	VFS_READ,
	VFS_WRITE,
	VFS_FSYNC,
	VFS_OPEN,
	VFS_CREATE,
	VFS_UNLINK,
	VFS_RENAME,
	VFS_LINK,
	VFS_SYMLINK,
	VFS_MKDIR,
	VFS_RMDIR,
	VFS_GETATTR,
};

BOMBUS_FILTERS;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VFS_GETATTR + 1);
	__type(key, enum vfs_op);
	__type(value, __u64);
} vfs_operations SEC(".maps.counter") BOMBUS_HELP("operations on files");

static __always_inline int count(enum vfs_op op)
{
	__u32 index = op;
	__u64 *count = bpf_map_lookup_elem(&vfs_operations, &index);

	if (count && !bombus_filtered())
		bombus_add(count, 1);
	return 0;
}

static __always_inline int count_open(const struct file *file)
{
	if (!file || (unsigned long)file >= (unsigned long)-MAX_ERRNO)
		return 0;
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		count(VFS_CREATE);
	return count(VFS_OPEN);
}

SEC("fexit/do_filp_open")
int BPF_PROG(open___fexit, int dfd, void *name, void *how, struct file *file)
{
	return count_open(file);
}

SEC("kretprobe/do_filp_open")
int BPF_KRETPROBE(open___kretprobe, struct file *file)
{
	return count_open(file);
}

#define WATCH(function, op)                                                                        \
	SEC("fentry/" #function)                                                                   \
	int function##___fentry(__u64 *ctx)                                                        \
	{                                                                                          \
		return count(op);                                                                  \
	}                                                                                          \
	SEC("kprobe/" #function)                                                                   \
	int function##___kprobe(struct pt_regs *ctx)                                               \
	{                                                                                          \
		return count(op);                                                                  \
	}

WATCH(vfs_read, VFS_READ)
WATCH(vfs_write, VFS_WRITE)
WATCH(vfs_fsync_range, VFS_FSYNC)
WATCH(vfs_unlink, VFS_UNLINK)
WATCH(vfs_rename, VFS_RENAME)
WATCH(vfs_link, VFS_LINK)
WATCH(vfs_symlink, VFS_SYMLINK)
WATCH(vfs_mkdir, VFS_MKDIR)
WATCH(vfs_rmdir, VFS_RMDIR)
WATCH(vfs_getattr, VFS_GETATTR)

char LICENSE[] SEC("license") BOMBUS_HELP("operations on files of every kind, counted") = "GPL";
