// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Files that are created and removed while the program runs, with their age. A file is an inode;
 * its life ends when its last name is removed, even while a process still has it open.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/calls.bpf.h>

#define FMODE_CREATED 0x100000
#define MAX_ERRNO 4095

BOMBUS_FILTERS;
const volatile duration
	max_age BOMBUS_PARAM BOMBUS_HELP("only files that lived no longer than this, 0: all") = 0;

struct event {
	BOMBUS_WHO;
	pid_t creator BOMBUS_HELP("process that created it");
	duration age BOMBUS_OBSERVE BOMBUS_HELP("how long it lived");
	bytes size BOMBUS_HELP("its size at the end");
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("type of the file system");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("the name that was created");
};

BOMBUS_EVENTS(short_lived, struct event, 4 << 20) BOMBUS_HELP("files that were removed again");

struct birth {
	__u64 since_ns;
	pid_t pid;
	__u32 unused;
	char path[BOMBUS_PATH_LEN];
};

/* LRU: most files that are created stay. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct birth);
} births SEC(".maps") BOMBUS_HELP("files created, by the address of their inode");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct birth);
} rooms SEC(".maps") BOMBUS_HELP("room for a file created");

/* What vfs_unlink() is about to remove, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} removing SEC(".maps") BOMBUS_HELP("inodes that are being removed, by thread");

BOMBUS_PATHS;

static __always_inline int created(struct file *file)
{
	struct birth *birth;
	__u32 zero = 0;
	__u64 id;

	if (!file || (unsigned long)file >= (unsigned long)-MAX_ERRNO ||
	    !(BPF_CORE_READ(file, f_mode) & FMODE_CREATED) || bombus_filtered())
		return 0;
	birth = bpf_map_lookup_elem(&rooms, &zero);
	if (!birth)
		return 0;
	__builtin_memset(birth, 0, sizeof(*birth));
	birth->since_ns = bpf_ktime_get_ns();
	birth->pid = bpf_get_current_pid_tgid() >> 32;
	bombus_file_path(birth->path, file);
	id = (__u64)BPF_CORE_READ(file, f_inode);
	bpf_map_update_elem(&births, &id, birth, BPF_ANY);
	return 0;
}

static __always_inline int begin(const struct dentry *dentry)
{
	__u64 id = (__u64)BPF_CORE_READ(dentry, d_inode);
	__u32 tid = bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(&births, &id) && bpf_map_update_elem(&removing, &tid, &id, BPF_ANY))
		bombus_lost(&short_lived);
	return 0;
}

static __always_inline void report(const struct inode *inode, const struct birth *birth)
{
	__u64 age = bpf_ktime_get_ns() - birth->since_ns;
	struct event *e;

	if ((max_age && age > max_age) || bombus_filtered())
		return;
	e = bombus_reserve(&short_lived, sizeof(*e));
	if (!e)
		return;
	bombus_who(e);
	e->creator = birth->pid;
	e->age = age;
	e->size = BPF_CORE_READ(inode, i_size);
	bombus_fs_name(e->fs, sizeof(e->fs), inode);
	__builtin_memcpy(e->path, birth->path, sizeof(e->path));
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int end(int ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *id = bpf_map_lookup_elem(&removing, &tid), inode;
	struct birth *birth;

	if (!id)
		return 0;
	inode = *id;
	bpf_map_delete_elem(&removing, &tid);
	/* Another name of it may remain. */
	if (ret || BPF_CORE_READ((struct inode *)inode, i_nlink))
		return 0;
	birth = bpf_map_lookup_elem(&births, &inode);
	if (birth)
		report((const struct inode *)inode, birth);
	bpf_map_delete_elem(&births, &inode);
	return 0;
}

SEC("fexit/do_filp_open")
int BPF_PROG(created___fexit, int dfd, void *name, void *how, struct file *file)
{
	return created(file);
}

SEC("kretprobe/do_filp_open")
int BPF_KRETPROBE(created___kretprobe, struct file *file)
{
	return created(file);
}

SEC("fentry/vfs_unlink")
int BPF_PROG(begin___fentry, void *idmap, void *dir, struct dentry *dentry)
{
	return begin(dentry);
}

SEC("kprobe/vfs_unlink")
int BPF_KPROBE(begin___kprobe, void *idmap, void *dir, struct dentry *dentry)
{
	return begin(dentry);
}

SEC("fexit/vfs_unlink")
int BPF_PROG(end___fexit, void *idmap, void *dir, struct dentry *dentry, void *delegated, int ret)
{
	return end(ret);
}

SEC("kretprobe/vfs_unlink")
int BPF_KRETPROBE(end___kretprobe, int ret)
{
	return end(ret);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("files that are removed soon after their creation") = "GPL";
