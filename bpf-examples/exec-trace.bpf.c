// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The programs that a shell starts, and those that these start, as one tree: each is a span, named
 * after the program, from its exec to its end. The shell is the root.
 *
 * A process inherits its place in the tree from the one that forked it, also where that one never
 * executes a program of its own (a subshell) or has ended meanwhile. Where a process executes one
 * program after the other (exec, sudo), each of them is a span below the same parent. Only the root
 * stays the root: the programs that follow it are below it, and it ends with its process.
 *
 * A shell that was there before is followed from its next command on, and its own span begins with
 * it. Like every span it is sent when it ends: until then its commands are a tree without a root.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/span.bpf.h>

#define ARGS_SHOWN 256
#define PATH_SHOWN 128

BOMBUS_FILTERS;
const volatile char shell[BOMBUS_COMM_LEN] BOMBUS_PARAM
	BOMBUS_HELP("name of the programs that are roots; with target_pid that process is one, "
		    "whatever its name") = "bash";

struct exec_span {
	struct span_base span_base;
	char span_name[BOMBUS_COMM_LEN];
	enum bombus_span_status span_status;
	cgroup_id cgroup BOMBUS_HELP("its cgroup");
	struct {
		pid_t pid BOMBUS_HELP("process");
		pid_t parent_pid BOMBUS_HELP("its parent");
		struct {
			__u32 code BOMBUS_HELP("what it ended with");
			signal_t signal BOMBUS_HELP("what killed it");
		} exit;
		struct {
			char path[PATH_SHOWN] BOMBUS_HELP("its path");
		} executable;
		char command_line[ARGS_SHOWN] BOMBUS_HELP("its arguments");
	} process;
	struct {
		uid id BOMBUS_HELP("its user");
	} user;
	bool replaced BOMBUS_HELP("its process went on with another program");
	bool args_cut BOMBUS_HELP("there are more arguments than are shown");
};

BOMBUS_SPANS(execs, struct exec_span, 4 << 20)
BOMBUS_SERVICE("exec-trace") BOMBUS_HELP("programs below a shell");

/* A process of the tree. */
struct process {
	struct span_parent above; /* below what its span is */
	struct span_parent own;	  /* below what its children's are: its span, or what is above */
	__u64 begin_ns;		  /* of its program; 0: it has none of its own, being a mere fork */
	__u32 uid;
	bool args_cut;
	char name[BOMBUS_COMM_LEN];
	char path[PATH_SHOWN];
	char args[ARGS_SHOWN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct process);
} tree SEC(".maps") BOMBUS_HELP(
	"processes below a shell, by process id; a root that was replaced, by its negative");

/* Too large for the stack; nothing is ever written to it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct process);
} nobody SEC(".maps") BOMBUS_HELP("an empty one");

/* A new process in the tree; NULL, which is counted, when it does not fit. */
static __always_inline struct process *add(__u32 pid, const struct span_parent *above)
{
	__u32 zero = 0;
	const struct process *empty = bpf_map_lookup_elem(&nobody, &zero);
	struct process *p;

	if (!empty || bpf_map_update_elem(&tree, &pid, empty, BPF_ANY)) {
		bombus_lost(&execs);
		return NULL;
	}
	p = bpf_map_lookup_elem(&tree, &pid);
	if (!p)
		return NULL;
	bombus_context_copy(&p->above, above);
	bombus_context_copy(&p->own, above);
	return p;
}

static __always_inline bool is_root(const struct task_struct *task)
{
	char comm[BOMBUS_COMM_LEN] = {};

	if (bombus_task_filtered(task))
		return false;
	if (target_pid)
		return true;
	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	for (__u32 i = 0; i < sizeof(comm); i++) {
		if (comm[i] != shell[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* The arguments lie one after the other, each with its NUL, in the memory of the program. */
static __always_inline void read_args(struct process *p, const struct mm_struct *mm)
{
	unsigned long from = BPF_CORE_READ(mm, arg_start), to = BPF_CORE_READ(mm, arg_end);
	__u64 len = to - from;

	if (len > sizeof(p->args) - 1) {
		len = sizeof(p->args) - 1;
		p->args_cut = true;
	}
	if (bpf_probe_read_user(p->args, len, (const void *)from))
		return;
	/* 0 becomes ' ' before the last one. Without a branch: older verifiers go both ways at
	 * each, and do not come to an end. */
	for (__u64 i = 0; i + 1 < sizeof(p->args); i++) {
		__u64 c = (__u8)p->args[i];

		p->args[i] = c | ((c - 1) & (i + 1 - len)) >> 63 << 5;
	}
}

/* A program of its own begins, or is first seen; the process is the current one. */
static __always_inline void begin(struct process *p, const struct task_struct *task)
{
	__u64 id = bombus_new_id();

	p->begin_ns = bpf_ktime_get_ns();
	bombus_context_copy(&p->own, &p->above);
	__builtin_memcpy(p->own.span_id, &id, sizeof(id));
	p->uid = bpf_get_current_uid_gid();
	p->args_cut = false;
	__builtin_memset(p->path, 0, sizeof(p->path));
	__builtin_memset(p->args, 0, sizeof(p->args));
	BPF_CORE_READ_STR_INTO(&p->name, task, comm);
	read_args(p, BPF_CORE_READ(task, mm));
}

static __always_inline void report(const struct process *p, const struct task_struct *task,
				   bool replaced)
{
	struct exec_span *s = bombus_span_reserve(&execs, struct exec_span, &p->above);
	int code = replaced ? 0 : BPF_CORE_READ(task, exit_code);

	if (!s)
		return;
	__builtin_memcpy(s->span_base.span_id, p->own.span_id, sizeof(p->own.span_id));
	s->span_base.span_duration_ns = s->span_base.span_monotonic_timestamp_ns - p->begin_ns;
	s->span_base.span_monotonic_timestamp_ns = p->begin_ns;
	__builtin_memcpy(s->span_name, p->name, sizeof(s->span_name));
	s->span_status = code ? BOMBUS_STATUS_ERROR : BOMBUS_STATUS_UNSET;
	s->process.pid = BPF_CORE_READ(task, tgid);
	s->process.parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	s->user.id = p->uid;
	s->process.exit.code = code >> 8 & 0xff;
	s->process.exit.signal = code & 0x7f;
	s->replaced = replaced;
	s->args_cut = p->args_cut;
	s->cgroup = bpf_get_current_cgroup_id();
	__builtin_memcpy(s->process.executable.path, p->path, sizeof(p->path));
	__builtin_memcpy(s->process.command_line, p->args, sizeof(p->args));
	bpf_ringbuf_submit(s, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = parent->tgid, child_pid = child->tgid;
	struct span_parent root;
	struct process *p;

	if (pid == child_pid) /* a thread */
		return 0;
	p = bpf_map_lookup_elem(&tree, &pid);
	if (!p) {
		/* A shell that was there before. */
		if (!is_root(parent))
			return 0;
		root = bombus_new_trace();
		p = add(pid, &root);
		if (!p)
			return 0;
		begin(p, parent);
	}
	add(child_pid, &p->own);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 pid = task->tgid, root_pid = -pid;
	struct span_parent root;
	struct process *p;

	p = bpf_map_lookup_elem(&tree, &pid);
	if (p && p->begin_ns && bombus_id_is_zero(p->above.span_id, 8)) {
		if (bpf_map_update_elem(&tree, &root_pid, p, BPF_ANY)) {
			bombus_lost(&execs);
			return 0;
		}
		bombus_context_copy(&p->above, &p->own);
	} else if (p && p->begin_ns) {
		report(p, task, true);
	} else if (!p) {
		if (!is_root(task))
			return 0;
		root = bombus_new_trace();
		p = add(pid, &root);
		if (!p)
			return 0;
	}
	begin(p, task);
	bpf_probe_read_kernel_str(p->path, sizeof(p->path), BPF_CORE_READ(bprm, filename));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 pid = task->tgid, root_pid = -pid;
	struct process *p;

	/* Its last thread. */
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	p = bpf_map_lookup_elem(&tree, &pid);
	if (!p)
		return 0;
	if (p->begin_ns)
		report(p, task, false);
	bpf_map_delete_elem(&tree, &pid);
	p = bpf_map_lookup_elem(&tree, &root_pid);
	if (p)
		report(p, task, true);
	bpf_map_delete_elem(&tree, &root_pid);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("the programs that a shell starts, as one tree of spans") = "GPL";
