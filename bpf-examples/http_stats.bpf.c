// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Plain HTTP/1 by process, servers and clients alike: requests, data both ways, time to answer.
 *
 * What passes through read() and write() and their kin is looked at: data that begins with a
 * method begins a request, data that begins with "HTTP" is its response; the direction does not
 * matter. Latency ends with the first byte of the response. A socket is taken for HTTP from its
 * first request on, and then all its data counts, except what sendfile() and splice() move without
 * passing through the process. Encrypted HTTP and HTTP/2 are not seen.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define S_IFMT 0170000
#define S_IFSOCK 0140000

BOMBUS_FILTERS;

struct http_metric {
	__u64 request_count BOMBUS_COUNTER BOMBUS_HELP("requests, received or made");
	__u64 bytes_sent BOMBUS_COUNTER BOMBUS_UNIT("bytes") BOMBUS_HELP("data sent");
	__u64 bytes_received BOMBUS_COUNTER BOMBUS_UNIT("bytes") BOMBUS_HELP("data received");
	__u64 latency_sum BOMBUS_COUNTER BOMBUS_UNIT("us")
		BOMBUS_HELP("from requests to their responses, all together");
};

BOMBUS_LOST(http_stats);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, pid_t);
	__type(value, struct http_metric);
} http_stats SEC(".maps.counter") BOMBUS_HELP("HTTP by process");

enum direction {
	SENDING,
	RECEIVING,
};

struct transfer {
	const void *data;
	__s32 fd;
	enum direction direction;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct transfer);
} transfers SEC(".maps") BOMBUS_HELP("threads that send or receive, by thread id");

/* By inode, not by descriptor: some servers read from one and write to another of the same socket,
 * and the number of an inode is not soon used again. */
struct connection {
	__u64 inode;
	pid_t pid;
	__u32 unused;
};

/* LRU: a socket's end is not looked at. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct connection);
	__type(value, __u64);
} connections SEC(".maps") BOMBUS_HELP("since when a response is awaited, 0: none is");

enum content {
	OTHER_CONTENT,
	REQUEST,
	RESPONSE,
};

/* Text as the machine reads it, so that one comparison tells. */
#define WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

static __always_inline enum content look(const void *data, long len)
{
	__u8 text[4] = {};

	if (len < (long)sizeof(text) || bpf_probe_read_user(text, sizeof(text), data))
		return OTHER_CONTENT;
	switch (WORD(text[0], text[1], text[2], text[3])) {
	case WORD('H', 'T', 'T', 'P'):
		return RESPONSE;
	case WORD('G', 'E', 'T', ' '):
	case WORD('H', 'E', 'A', 'D'):
	case WORD('P', 'O', 'S', 'T'):
	case WORD('P', 'U', 'T', ' '):
	case WORD('D', 'E', 'L', 'E'):
	case WORD('O', 'P', 'T', 'I'):
	case WORD('P', 'A', 'T', 'C'):
		return REQUEST;
	default:
		return OTHER_CONTENT;
	}
}

/* The inode of an open socket; 0 for anything else, since files may begin with these words too. */
static __always_inline __u64 socket_inode(int fd)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	struct file **files = BPF_CORE_READ(task, files, fdt, fd), *file = NULL;
	const struct inode *inode;

	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	return BPF_CORE_READ(inode, i_ino);
}

static __always_inline struct http_metric *metric_of(pid_t pid)
{
	struct http_metric *metric = bpf_map_lookup_elem(&http_stats, &pid), fresh = {};

	if (metric)
		return metric;
	/* Another thread of the process may be first; then the entry is there all the same. */
	bpf_map_update_elem(&http_stats, &pid, &fresh, BPF_NOEXIST);
	metric = bpf_map_lookup_elem(&http_stats, &pid);
	if (!metric)
		bombus_lost(&http_stats);
	return metric;
}

static __always_inline void count(const struct transfer *transfer, long len)
{
	struct connection conn = { .pid = bpf_get_current_pid_tgid() >> 32 };
	enum content content = look(transfer->data, len);
	__u64 now_ns = bpf_ktime_get_ns(), none = 0, *since_ns;
	struct http_metric *metric;

	/* Most processes have nothing to do with HTTP: for them this is all. */
	if (content != REQUEST && !bpf_map_lookup_elem(&http_stats, &conn.pid))
		return;
	conn.inode = socket_inode(transfer->fd);
	if (!conn.inode)
		return;
	since_ns = bpf_map_lookup_elem(&connections, &conn);
	if (!since_ns && content != REQUEST)
		return;
	metric = metric_of(conn.pid);
	if (!metric)
		return;
	bombus_add(transfer->direction == SENDING ? &metric->bytes_sent : &metric->bytes_received,
		   len);
	if (content == REQUEST) {
		bombus_add(&metric->request_count, 1);
		bpf_map_update_elem(&connections, &conn, &now_ns, BPF_ANY);
	} else if (content == RESPONSE && since_ns && *since_ns) {
		bombus_add(&metric->latency_sum, (now_ns - *since_ns) / 1000);
		bpf_map_update_elem(&connections, &conn, &none, BPF_ANY);
	}
}

static __always_inline int begin(int fd, const void *data, enum direction direction)
{
	struct transfer transfer = { .data = data, .fd = fd, .direction = direction };
	__u32 tid = bpf_get_current_pid_tgid();

	if (!bombus_filtered() && bpf_map_update_elem(&transfers, &tid, &transfer, BPF_ANY))
		bombus_lost(&http_stats);
	return 0;
}

static __always_inline int end(long len)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct transfer *transfer = bpf_map_lookup_elem(&transfers, &tid);

	if (!transfer)
		return 0;
	if (len > 0)
		count(transfer, len);
	bpf_map_delete_elem(&transfers, &tid);
	return 0;
}

/* Where the data is that a call's second argument leads to. */
static __always_inline const void *plain(unsigned long arg)
{
	return (const void *)arg;
}

static __always_inline const void *in_vector(unsigned long arg)
{
	return BPF_CORE_READ_USER((struct iovec *)arg, iov_base);
}

static __always_inline const void *in_message(unsigned long arg)
{
	return BPF_CORE_READ_USER((struct user_msghdr *)arg, msg_iov, iov_base);
}

#define WATCH(call, find_data, direction)                                                          \
	SEC("tracepoint/syscalls/sys_enter_" #call)                                                \
	int enter_##call(struct trace_event_raw_sys_enter *ctx)                                    \
	{                                                                                          \
		return begin(ctx->args[0], find_data(ctx->args[1]), direction);                    \
	}                                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int exit_##call(struct trace_event_raw_sys_exit *ctx)                                      \
	{                                                                                          \
		return end(ctx->ret);                                                              \
	}

WATCH(read, plain, RECEIVING)
WATCH(readv, in_vector, RECEIVING)
WATCH(recvfrom, plain, RECEIVING)
WATCH(recvmsg, in_message, RECEIVING)
WATCH(write, plain, SENDING)
WATCH(writev, in_vector, SENDING)
WATCH(sendto, plain, SENDING)
WATCH(sendmsg, in_message, SENDING)

char LICENSE[] SEC("license")
	BOMBUS_HELP("plain HTTP/1 by process: requests, bytes, time to answer") = "GPL";
