// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Events of files that inotify and fanotify deliver, with the process that causes an event and the
 * process that watches. It shows what keeps a file watcher busy.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/calls.bpf.h>

/* What is left of an event's mask: these bits. */
#define EVENT_BITS 0xffff
#define IS_FOLDER 0x40000000

enum fs_event {
	EVENT_ACCESS = 0x1,
	EVENT_MODIFY = 0x2,
	EVENT_ATTRIB = 0x4,
	EVENT_CLOSE_WRITE = 0x8,
	EVENT_CLOSE_NOWRITE = 0x10,
	EVENT_OPEN = 0x20,
	EVENT_MOVED_FROM = 0x40,
	EVENT_MOVED_TO = 0x80,
	EVENT_CREATE = 0x100,
	EVENT_DELETE = 0x200,
	EVENT_DELETE_SELF = 0x400,
	EVENT_MOVE_SELF = 0x800,
	EVENT_OPEN_EXEC = 0x1000,
	EVENT_UNMOUNT = 0x2000,
	EVENT_OVERFLOW = 0x4000,
	EVENT_IGNORED = 0x8000, /* the watch itself ended */
};

enum watch_kind {
	WATCH_INOTIFY,
	WATCH_FANOTIFY,
};

BOMBUS_FILTERS;
const volatile pid_t
	target_watcher BOMBUS_PARAM BOMBUS_HELP("only events for this process, 0: every one") = 0;

struct event {
	BOMBUS_WHO;
	enum fs_event event BOMBUS_LABEL BOMBUS_HELP("what happened");
	bool folder BOMBUS_HELP("it happened to a folder");
	enum watch_kind kind BOMBUS_LABEL BOMBUS_HELP("how it is watched");
	pid_t watcher BOMBUS_HELP("process that began to watch, 0: not known");
	char watcher_comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	__u64 inode BOMBUS_HELP("number of the file");
	char name[BOMBUS_PATH_LEN] BOMBUS_HELP("name in the folder watched, where there is one");
};

BOMBUS_EVENTS(fs_events, struct event, 4 << 20) BOMBUS_HELP("events handed to watchers");

struct watcher {
	pid_t pid;
	char comm[BOMBUS_COMM_LEN];
};

/* LRU: nothing tells when a group ends. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct watcher);
} watchers SEC(".maps") BOMBUS_HELP("processes that watch, by the group of their descriptor");

static __always_inline void note(const struct file *file, const struct task_struct *task)
{
	__u64 group = (__u64)BPF_CORE_READ(file, private_data);
	struct watcher watcher = {};

	watcher.pid = BPF_CORE_READ(task, tgid);
	bpf_core_read_str(watcher.comm, sizeof(watcher.comm), &task->comm);
	bpf_map_update_elem(&watchers, &group, &watcher, BPF_NOEXIST);
}

extern const void inotify_fops __ksym __weak;
extern const void fanotify_fops __ksym __weak;

static __always_inline bool is_watching(const struct file *file)
{
	const void *operations = BPF_CORE_READ(file, f_op);

	return operations && (operations == &inotify_fops || operations == &fanotify_fops);
}

/* Those that watch already. */
SEC("iter/task_file")
BOMBUS_AT_START
int take_in(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (task && file && is_watching(file))
		note(file, task);
	return 0;
}

static __always_inline int made(long ret)
{
	struct file *file = ret < 0 ? NULL : bombus_file(ret);

	if (file)
		note(file, (const struct task_struct *)bpf_get_current_task());
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_inotify_init1")
int on_inotify1(struct trace_event_raw_sys_exit *ctx)
{
	return made(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_fanotify_init")
int on_fanotify(struct trace_event_raw_sys_exit *ctx)
{
	return made(ctx->ret);
}

#ifdef __TARGET_ARCH_x86
SEC("tracepoint/syscalls/sys_exit_inotify_init")
int on_inotify(struct trace_event_raw_sys_exit *ctx)
{
	return made(ctx->ret);
}
#endif

static __always_inline int report(enum watch_kind kind, struct fsnotify_group *group, __u32 mask,
				  const struct inode *inode, const struct qstr *name)
{
	__u64 id = (__u64)group;
	struct watcher *watcher = bpf_map_lookup_elem(&watchers, &id);
	struct event *e;

	if (bombus_filtered() || (target_watcher && (!watcher || watcher->pid != target_watcher)))
		return 0;
	e = bombus_reserve(&fs_events, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->event = mask & EVENT_BITS;
	e->folder = mask & IS_FOLDER;
	e->kind = kind;
	if (watcher) {
		e->watcher = watcher->pid;
		__builtin_memcpy(e->watcher_comm, watcher->comm, sizeof(e->watcher_comm));
	}
	if (inode)
		e->inode = BPF_CORE_READ(inode, i_ino);
	if (name)
		bpf_probe_read_kernel_str(e->name, sizeof(e->name), BPF_CORE_READ(name, name));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* No tracepoint has these. The second has more arguments than fentry takes on older kernels. */
SEC("kprobe/inotify_handle_inode_event")
int BPF_KPROBE(on_inotify_event, struct fsnotify_mark *mark, __u32 mask, struct inode *inode,
	       struct inode *dir, struct qstr *name)
{
	return report(WATCH_INOTIFY, BPF_CORE_READ(mark, group), mask, inode, name);
}

static __always_inline const struct qstr *sixth(struct pt_regs *ctx)
{
#if defined(__TARGET_ARCH_x86)
	return (const struct qstr *)ctx->r9;
#elif defined(__TARGET_ARCH_arm64)
	return (const struct qstr *)ctx->regs[5];
#else
	return NULL;
#endif
}

SEC("kprobe/fanotify_handle_event")
int BPF_KPROBE(on_fanotify_event, struct fsnotify_group *group, __u32 mask, const void *data,
	       int data_type, struct inode *dir)
{
	return report(WATCH_FANOTIFY, group, mask, dir, sixth(ctx));
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("events of files that inotify and fanotify deliver") = "GPL";
