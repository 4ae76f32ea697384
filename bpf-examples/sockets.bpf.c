// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The sockets that are open now, in all network namespaces, each with the process that has it: IP,
 * unix and others. A socket that several processes share has a row for each. A socket without a
 * descriptor (a connection in TIME_WAIT) has no owner, and no row.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bombus/bombus.bpf.h>

#define AF_UNIX 1
#define UNIX_PATH 108

BOMBUS_FILTERS;
const volatile af_t family BOMBUS_PARAM
	BOMBUS_HELP("only this family (2: IPv4, 10: IPv6, 1: unix), 0: all") = 0;
const volatile bool
	listening BOMBUS_PARAM BOMBUS_HELP("only sockets that wait for connections") = false;

enum sock_kind {
	KIND_STREAM = 1,
	KIND_DGRAM = 2,
	KIND_RAW = 3,
	KIND_SEQPACKET = 5,
	KIND_PACKET = 10,
};

struct row {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was looked at");
	pid_t pid BOMBUS_HELP("process");
	bombus_uid uid BOMBUS_LABEL BOMBUS_HELP("its user");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("its cgroup");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	__u32 fd BOMBUS_HELP("descriptor");
	af_t family BOMBUS_LABEL BOMBUS_HELP("family of addresses");
	enum sock_kind kind BOMBUS_LABEL BOMBUS_HELP("kind of socket");
	tcp_state state BOMBUS_LABEL
		BOMBUS_HELP("state, as TCP calls it; LISTEN also of unix sockets");
	ip_addr local BOMBUS_HELP("own address");
	__u16 lport BOMBUS_HELP("own port");
	ip_addr remote BOMBUS_HELP("other address");
	__u16 rport BOMBUS_HELP("other port");
	__u32 received BOMBUS_UNIT("bytes") BOMBUS_HELP("memory of data that waits to be read");
	__u32 unsent BOMBUS_UNIT("bytes") BOMBUS_HELP("memory of data that waits to be sent");
	__u64 inode BOMBUS_HELP("number of the socket");
	netns_id netns BOMBUS_HELP("network namespace");
	char path[UNIX_PATH] BOMBUS_HELP("name of a unix socket; @ is an abstract one");
};

BOMBUS_ITER(sockets, struct row);

static __always_inline void fill_path(struct row *row, const struct sock *sk)
{
	const struct unix_sock *unix_sock = (const struct unix_sock *)sk;
	const struct unix_address *addr = BPF_CORE_READ(unix_sock, addr);

	if (!addr)
		return;
	/* The first byte of an abstract name is zero. */
	bpf_core_read(row->path, 1, &addr->name[0].sun_path);
	if (!row->path[0]) {
		row->path[0] = '@';
		bpf_probe_read_kernel_str(&row->path[1], sizeof(row->path) - 1,
					  (const char *)addr->name[0].sun_path + 1);
		return;
	}
	bpf_core_read_str(row->path, sizeof(row->path), &addr->name[0].sun_path);
}

static __always_inline void fill(struct row *row, const struct task_struct *task,
				 const struct sock *sk)
{
	row->time = bpf_ktime_get_ns();
	row->pid = BPF_CORE_READ(task, tgid);
	row->uid = BPF_CORE_READ(task, cred, uid.val);
	row->cgroup = bombus_task_cgroup(task);
	bpf_core_read_str(row->comm, sizeof(row->comm), &task->comm);
	row->kind = BPF_CORE_READ(sk, sk_type);
	row->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	row->received = BPF_CORE_READ(sk, sk_backlog.rmem_alloc.counter);
	row->unsent = BPF_CORE_READ(sk, sk_wmem_queued);
	row->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	bombus_ip_from_sock(&row->local, &row->remote, sk);
	if (row->family == AF_INET || row->family == AF_INET6) {
		row->lport = BPF_CORE_READ(sk, __sk_common.skc_num);
		row->rport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	} else if (row->family == AF_UNIX) {
		fill_path(row, sk);
	}
}

SEC("iter/task_file")
int sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct row row = {};
	struct socket *socket;
	struct sock *sk;

	if (!task || !file || bombus_task_filtered(task))
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	row.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if ((family && row.family != family) ||
	    (listening && BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_LISTEN))
		return 0;
	row.fd = ctx->fd;
	row.inode = BPF_CORE_READ(file, f_inode, i_ino);
	fill(&row, task, sk);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("sockets that are open now, with their owners") = "GPL";
