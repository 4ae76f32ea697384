/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * For programs that report system calls of processes: the process, the arguments of the call, the
 * file.
 *
 *	struct event {
 *		BOMBUS_WHO;
 *		char path[BOMBUS_PATH_LEN];
 *	};
 *	BOMBUS_PATHS;
 *
 *	SEC("tracepoint/syscalls/sys_exit_fsync")	// the end of a call knows its arguments too
 *	int on_fsync(struct trace_event_raw_sys_exit *ctx)
 *	{
 *		struct file *file = bombus_file(bombus_arg(0));
 *		...
 *		bombus_who(e);
 *		bombus_file_path(e->path, file);
 */
#ifndef BOMBUS_CALLS_BPF_H
#define BOMBUS_CALLS_BPF_H

#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

/* The members of an event for its time and thread; bombus_who() fills them. */
#define BOMBUS_WHO                                                                                 \
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it happened");                                 \
	pid_t pid BOMBUS_HELP("process");                                                          \
	pid_t tid BOMBUS_HELP("thread");                                                           \
	bombus_uid uid BOMBUS_LABEL BOMBUS_HELP("user");                                           \
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("its cgroup");                                    \
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread")

#define bombus_who(e)                                                                              \
	({                                                                                         \
		__u64 who_ = bpf_get_current_pid_tgid();                                           \
                                                                                                   \
		(e)->time = bpf_ktime_get_ns();                                                    \
		(e)->pid = who_ >> 32;                                                             \
		(e)->tid = who_;                                                                   \
		(e)->uid = bpf_get_current_uid_gid();                                              \
		(e)->cgroup = bpf_get_current_cgroup_id();                                         \
		bpf_get_current_comm((e)->comm, sizeof((e)->comm));                                \
	})

/* An argument of the system call that the thread is in, 0 to 4, from its start to its end. Linux
 * 5.15 or later. */
static __always_inline unsigned long bombus_arg(const int n)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	switch (n) {
	case 0:
		return PT_REGS_PARM1_CORE_SYSCALL(regs);
	case 1:
		return PT_REGS_PARM2_CORE_SYSCALL(regs);
	case 2:
		return PT_REGS_PARM3_CORE_SYSCALL(regs);
	case 3:
		return PT_REGS_PARM4_CORE_SYSCALL(regs);
	default:
		return PT_REGS_PARM5_CORE_SYSCALL(regs);
	}
}

/* The file behind a descriptor of the running process; NULL: it has none with this number. */
static __always_inline struct file *bombus_file(unsigned int fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = (void *)0;

	if (!table || fd >= BPF_CORE_READ(table, max_fds))
		return (void *)0;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

/* The name of the file system's type ("ext4"), in `len` bytes. */
static __always_inline void bombus_fs_name(char *to, __u32 len, const struct inode *inode)
{
	bpf_probe_read_kernel_str(to, len, BPF_CORE_READ(inode, i_sb, s_type, name));
}

/* Whether it is the type that a parameter of BOMBUS_COMM_LEN bytes names; an empty one means any.
 */
static __always_inline bool bombus_fs_is(const char name[BOMBUS_COMM_LEN],
					 const volatile char *only)
{
	return !only[0] || bombus__has_comm(name, only);
}

/*
 * Paths, as the mount namespace of their mount has them. BOMBUS_PATHS declares the room that is
 * needed to put one together; bombus_path() writes BOMBUS_PATH_LEN bytes. A path that is too long,
 * or deeper than 32 folders and mounts, lacks its beginning, and so its first slash. What has no
 * path (a pipe, a socket, a memfd) gets the name that it has, or that of its file system.
 */
#define BOMBUS_PATH_LEN 256
#define BOMBUS_PATHS                                                                               \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                           \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, struct bombus__path);                                                \
	} bombus_paths SEC(".maps") BOMBUS_HELP("room to put a path together")
#define bombus_path(to, dentry, mnt) bombus__path_of(&bombus_paths, to, dentry, mnt)
#define bombus_file_path(to, file)                                                                 \
	bombus_path(to, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt))

struct bombus__path {
	char text[2 * BOMBUS_PATH_LEN]; /* a name may be read at any place of the first half */
};

/* On the way from the file to the root. */
struct bombus__walk {
	struct bombus__path *path;
	const struct dentry *dentry;
	const struct mount *mnt;
	__u64 at; /* where the path begins in the text */
};

/* One step up; 1 at the end. */
static long bombus__walk_up(__u32 i, struct bombus__walk *walk)
{
	const struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	const struct mount *mnt = walk->mnt, *up;
	__u64 len, at = walk->at;
	struct qstr name;

	if (dentry == BPF_CORE_READ(mnt, mnt.mnt_root)) {
		up = BPF_CORE_READ(mnt, mnt_parent);
		if (up == mnt)
			return 1;
		walk->dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
		walk->mnt = up;
		return 0;
	}
	name = BPF_CORE_READ(dentry, d_name);
	len = name.len & (BOMBUS_PATH_LEN - 1);
	if (dentry == parent || at < len + 1)
		return 1;
	at -= len;
	bpf_probe_read_kernel(&walk->path->text[at & (BOMBUS_PATH_LEN - 1)], len, name.name);
	at--;
	walk->path->text[at & (BOMBUS_PATH_LEN - 1)] = '/';
	walk->at = at;
	walk->dentry = parent;
	return 0;
}

static __always_inline void bombus__path_of(void *room, char to[BOMBUS_PATH_LEN],
					    const struct dentry *dentry,
					    const struct vfsmount *vfsmount)
{
	struct bombus__walk walk = { .dentry = dentry, .at = BOMBUS_PATH_LEN - 1 };
	__u32 zero = 0;

	walk.mnt = container_of(vfsmount, struct mount, mnt);
	walk.path = bpf_map_lookup_elem(room, &zero);
	if (!walk.path)
		return;
	walk.path->text[BOMBUS_PATH_LEN - 1] = '\0';
	bpf_loop(32, bombus__walk_up, &walk, 0);
	if (walk.at < BOMBUS_PATH_LEN - 1) {
		bpf_probe_read_kernel_str(to, BOMBUS_PATH_LEN,
					  &walk.path->text[walk.at & (BOMBUS_PATH_LEN - 1)]);
		return;
	}
	bpf_probe_read_kernel_str(to, BOMBUS_PATH_LEN, BPF_CORE_READ(dentry, d_name.name));
	if (!to[0])
		bombus_fs_name(to, BOMBUS_PATH_LEN, BPF_CORE_READ(dentry, d_inode));
}

#endif
