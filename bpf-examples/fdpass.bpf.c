// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Files and sockets that processes pass to each other: sent and received over unix sockets
 * (SCM_RIGHTS), or taken with pidfd_getfd(). One record for each descriptor.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define MAX_FDS 253 /* SCM_MAX_FD */
#define MAX_MESSAGES 4
#define HEADER sizeof(struct cmsghdr)

enum pass {
	PASS_SENT,
	PASS_RECEIVED,
	PASS_TAKEN,
};

BOMBUS_FILTERS;

struct event {
	BOMBUS_WHO;
	enum pass pass BOMBUS_LABEL BOMBUS_HELP("which way it went");
	pid_t peer BOMBUS_HELP("process that made the socket's other end, 0: not known");
	char peer_comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	int fd BOMBUS_HELP("descriptor in this process");
	char fs[BOMBUS_COMM_LEN] BOMBUS_LABEL
		BOMBUS_HELP("type of the file system: sockfs is a socket");
	__u64 inode BOMBUS_HELP("number of the file or socket");
	char path[BOMBUS_PATH_LEN] BOMBUS_HELP("path of the file");
};

BOMBUS_EVENTS(passes, struct event, 1 << 20) BOMBUS_HELP("descriptors that are handed over");
BOMBUS_PATHS;

/* The descriptors of one control message. */
struct passing {
	const int *fds;
	__u32 count;
	int socket;
	enum pass pass;
};

static __always_inline void fill_peer(struct event *e, int fd)
{
	struct file *file = bombus_file(fd);
	struct socket *socket = file ? BPF_CORE_READ(file, private_data) : NULL;
	struct pid *pid = socket ? BPF_CORE_READ(socket, sk, sk_peer_pid) : NULL;
	struct task_struct *task;

	if (!pid)
		return;
	e->peer = BPF_CORE_READ(pid, numbers[0].nr);
	/* The leader's place in the list of those that have this pid. */
	task = (struct task_struct *)BPF_CORE_READ(pid, tasks[PIDTYPE_TGID].first);
	if (!task)
		return;
	task = (void *)task - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_TGID]);
	bpf_core_read_str(e->peer_comm, sizeof(e->peer_comm), &task->comm);
}

static __always_inline void report(int fd, int socket, enum pass pass)
{
	struct file *file = bombus_file(fd);
	struct inode *inode;
	struct event *e;

	e = bombus_reserve(&passes, sizeof(*e));
	if (!e)
		return;
	bombus_who(e);
	e->pass = pass;
	e->fd = fd;
	if (socket >= 0)
		fill_peer(e, socket);
	if (file) {
		inode = BPF_CORE_READ(file, f_inode);
		bombus_fs_name(e->fs, sizeof(e->fs), inode);
		e->inode = BPF_CORE_READ(inode, i_ino);
		bombus_file_path(e->path, file);
	}
	bpf_ringbuf_submit(e, 0);
}

static long report_one(__u32 i, struct passing *passing)
{
	int fd;

	if (i >= passing->count || bpf_probe_read_user(&fd, sizeof(fd), passing->fds + i))
		return 1;
	report(fd, passing->socket, passing->pass);
	return 0;
}

/* Walks over the control messages of sendmsg() and recvmsg(). */
static __always_inline int look(enum pass pass, long ret)
{
	struct passing passing = { .pass = pass };
	struct user_msghdr message = {};
	struct cmsghdr header;
	__u64 at = 0;

	if (ret < 0 || bombus_filtered())
		return 0;
	passing.socket = bombus_arg(0);
	bpf_probe_read_user(&message, sizeof(message), (const void *)bombus_arg(1));
	for (int i = 0; i < MAX_MESSAGES; i++) {
		if (at + HEADER > message.msg_controllen ||
		    bpf_probe_read_user(&header, sizeof(header), message.msg_control + at) ||
		    header.cmsg_len < HEADER)
			return 0;
		if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS) {
			passing.fds = message.msg_control + at + HEADER;
			passing.count = (header.cmsg_len - HEADER) / sizeof(int);
			bpf_loop(MAX_FDS, report_one, &passing, 0);
		}
		at += (header.cmsg_len + sizeof(long) - 1) & ~(sizeof(long) - 1);
	}
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmsg")
int on_send(struct trace_event_raw_sys_exit *ctx)
{
	return look(PASS_SENT, ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_recvmsg")
int on_receive(struct trace_event_raw_sys_exit *ctx)
{
	return look(PASS_RECEIVED, ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_pidfd_getfd")
int on_take(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret >= 0 && !bombus_filtered())
		report(ctx->ret, -1, PASS_TAKEN);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("files and sockets that processes pass to each other") = "GPL";
