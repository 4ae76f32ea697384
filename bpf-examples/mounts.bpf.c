// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The current mounts of every mount namespace that a process is in.
 *
 * The kernel has no iterator over mounts. This one walks over processes, and at the first of each
 * namespace begins with its mounts. Mounts that do not fit into the kernel's buffer are left to the
 * next process or thread of the namespace; if there is none, the rest is counted as lost.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define SOURCE_SHOWN 64
#define AT_ONCE 80 /* rows, in 32 KiB */
#define MAX_UP 64  /* mounts on top of each other */
#define MNT_READONLY 0x40
#define SB_RDONLY 1

BOMBUS_FILTERS;
const volatile mntns_id target_mntns BOMBUS_PARAM
	BOMBUS_HELP("only this mount namespace: its inode, the path of one, or self; 0: all") = 0;

struct row {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was looked at");
	mntns_id mntns BOMBUS_HELP("mount namespace: the container");
	pid_t pid BOMBUS_HELP("a process in it");
	int id BOMBUS_HELP("number of the mount");
	int parent BOMBUS_HELP("number of the mount that it is on");
	dev_id dev BOMBUS_HELP("device of the file system");
	bool readonly BOMBUS_LABEL BOMBUS_HELP("nothing can be written");
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("type of the file system");
	char source[SOURCE_SHOWN] BOMBUS_HELP("device or other source");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("where");
};

BOMBUS_ITER(mounts, struct row);
BOMBUS_LOST(mounts);
BOMBUS_PATHS;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct row);
} rows SEC(".maps") BOMBUS_HELP("room for a row");

struct walk {
	__u64 session;
	const struct mount *next; /* NULL: all were there */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct walk);
} walks SEC(".maps") BOMBUS_HELP("how far the walk over a namespace is");

struct climb {
	const struct mount *mount;
	const struct mount *next;
};

static __always_inline const struct mount *mount_of(const struct list_head *child)
{
	return (const void *)child - bpf_core_field_offset(struct mount, mnt_child);
}

/* The next mount on the same one, or on those below it. */
static long climb(__u32 i, struct climb *climb)
{
	const struct mount *mount = climb->mount, *parent = BPF_CORE_READ(mount, mnt_parent);
	const struct list_head *next = BPF_CORE_READ(mount, mnt_child.next);

	if (parent == mount)
		return 1;
	if ((const void *)next !=
	    (const void *)parent + bpf_core_field_offset(struct mount, mnt_mounts)) {
		climb->next = mount_of(next);
		return 1;
	}
	climb->mount = parent;
	return 0;
}

static __always_inline const struct mount *after(const struct mount *mount)
{
	const struct list_head *first = BPF_CORE_READ(mount, mnt_mounts.next);
	struct climb climbing = { .mount = mount };

	if ((const void *)first !=
	    (const void *)mount + bpf_core_field_offset(struct mount, mnt_mounts))
		return mount_of(first);
	bpf_loop(MAX_UP, climb, &climbing, 0);
	return climbing.next;
}

struct writing {
	struct seq_file *seq;
	struct row *row;
	const struct mount *next;
	bool full;
};

static long write_mount(__u32 i, struct writing *writing)
{
	const struct mount *mount = writing->next, *parent;
	struct row *row = writing->row;
	const struct super_block *sb;

	if (!mount)
		return 1;
	sb = BPF_CORE_READ(mount, mnt.mnt_sb);
	parent = BPF_CORE_READ(mount, mnt_parent);
	row->id = BPF_CORE_READ(mount, mnt_id);
	row->parent = BPF_CORE_READ(parent, mnt_id);
	row->dev = BPF_CORE_READ(sb, s_dev);
	row->readonly = (BPF_CORE_READ(mount, mnt.mnt_flags) & MNT_READONLY) ||
			(BPF_CORE_READ(sb, s_flags) & SB_RDONLY);
	__builtin_memset(row->fs, 0, sizeof(row->fs));
	__builtin_memset(row->source, 0, sizeof(row->source));
	__builtin_memset(row->path, 0, sizeof(row->path));
	bpf_probe_read_kernel_str(row->fs, sizeof(row->fs), BPF_CORE_READ(sb, s_type, name));
	bpf_probe_read_kernel_str(row->source, sizeof(row->source),
				  BPF_CORE_READ(mount, mnt_devname));
	bombus_path(row->path, BPF_CORE_READ(mount, mnt.mnt_root), &mount->mnt);
	if (bpf_seq_write(writing->seq, row, sizeof(*row))) {
		writing->full = true;
		return 1;
	}
	writing->next = after(mount);
	return 0;
}

/* A namespace of which mounts are left when there is no process any more. */
static long count_rest(void *map, const __u32 *mntns, struct walk *walk, __u64 *session)
{
	if (walk->session == *session && walk->next)
		bombus_lost(&mounts);
	return 0;
}

SEC("iter/task")
int mounts(struct bpf_iter__task *ctx)
{
	struct writing writing = { .seq = ctx->meta->seq };
	struct task_struct *task = ctx->task;
	struct walk walk = { .session = ctx->meta->session_id }, *known;
	struct mnt_namespace *mnt_ns;
	__u32 zero = 0, mntns;

	if (!task) {
		bpf_for_each_map_elem(&walks, count_rest, &walk.session, 0);
		return 0;
	}
	mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns);
	writing.row = bpf_map_lookup_elem(&rows, &zero);
	if (!mnt_ns || !writing.row || bombus_task_filtered(task))
		return 0;
	mntns = BPF_CORE_READ(mnt_ns, ns.inum);
	if (target_mntns && mntns != target_mntns)
		return 0;
	known = bpf_map_lookup_elem(&walks, &mntns);
	writing.next =
		known && known->session == walk.session ? known->next : BPF_CORE_READ(mnt_ns, root);
	if (!writing.next)
		return 0;
	writing.row->time = bpf_ktime_get_ns();
	writing.row->mntns = mntns;
	writing.row->pid = BPF_CORE_READ(task, tgid);
	bpf_loop(AT_ONCE, write_mount, &writing, 0);
	/* The kernel throws away what did not fit as a whole, and comes again with this task. */
	if (writing.full)
		return 0;
	walk.next = writing.next;
	bpf_map_update_elem(&walks, &mntns, &walk, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("current mounts, in every mount namespace") = "GPL";
