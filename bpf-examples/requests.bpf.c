// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * HTTP requests of PHP and Node on the server, with their method, path and time. PHP that is built
 * with --enable-dtrace has USDT probes for them, and so has Node up to 17 that is built with
 * --with-dtrace; Python and Ruby have none:
 *
 *	USE_ZEND_DTRACE=1 php-fpm ... ; bombus run requests --attach '*=/usr/sbin/php-fpm8.2'
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bombus/histogram.bpf.h>

#define METHOD_SHOWN 8
#define PATH_SHOWN 128

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only requests of at least this") = 0;

enum server {
	SERVER_PHP,
	SERVER_NODE,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was answered");
	duration took BOMBUS_HELP("from begin to end");
	pid_t pid BOMBUS_HELP("process");
	enum server server BOMBUS_LABEL BOMBUS_HELP("kind of server");
	char method[METHOD_SHOWN] BOMBUS_LABEL BOMBUS_HELP("GET, POST ...");
	char path[PATH_SHOWN] BOMBUS_HELP("path, cut at 127 bytes");
};
BOMBUS_EVENTS(requests, struct event, 1 << 20) BOMBUS_HELP("requests");

struct time_key {
	enum server server BOMBUS_LABEL BOMBUS_HELP("kind of server");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(request_time, struct time_key, 256)
BOMBUS_UNIT("us") BOMBUS_HELP("time that requests take");

/* PHP has one request a thread; Node has many, each on a connection. */
struct request_key {
	__u64 thread;
	__u64 connection;
};
struct http_request {
	__u64 since_ns;
	char method[METHOD_SHOWN];
	char path[PATH_SHOWN];
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct request_key);
	__type(value, struct http_request);
} running SEC(".maps") BOMBUS_HELP("requests that run");

static __always_inline int begins(__u64 connection, const char *method, const char *path)
{
	struct request_key key = { bpf_get_current_pid_tgid(), connection };
	struct http_request request = {};

	if (bombus_filtered())
		return 0;
	bpf_probe_read_user_str(request.method, sizeof(request.method), method);
	bpf_probe_read_user_str(request.path, sizeof(request.path), path);
	request.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&running, &key, &request, BPF_ANY))
		bombus_lost(&requests);
	return 0;
}

static __always_inline void report(enum server server, __u64 took_ns,
				   const struct http_request *request)
{
	struct event *e = bombus_reserve(&requests, sizeof(*e));

	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->took = took_ns;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->server = server;
	__builtin_memcpy(e->method, request->method, sizeof(e->method));
	__builtin_memcpy(e->path, request->path, sizeof(e->path));
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int ends(enum server server, __u64 connection)
{
	struct request_key key = { bpf_get_current_pid_tgid(), connection };
	struct http_request *request = bpf_map_lookup_elem(&running, &key);
	struct time_key by_time = { .server = server };
	__u64 took_ns;

	if (!request)
		return 0;
	took_ns = bpf_ktime_get_ns() - request->since_ns;
	if (took_ns >= min_us * 1000) {
		report(server, took_ns, request);
		bombus_histogram_observe(&request_time, &by_time, took_ns / 1000);
	}
	bpf_map_delete_elem(&running, &key);
	return 0;
}

SEC("usdt/:php:request__startup")
int BPF_USDT(begins___php, const char *file, const char *path, const char *method)
{
	return begins(0, method, path);
}

SEC("usdt/:node:http__server__request")
int BPF_USDT(begins___node, void *data, void *connection, const char *remote, int port,
	     const char *method, const char *path, int fd)
{
	return begins(fd, method, path);
}

SEC("usdt/:php:request__shutdown")
int ends___php(struct pt_regs *ctx)
{
	return ends(SERVER_PHP, 0);
}

SEC("usdt/:node:http__server__response")
int BPF_USDT(ends___node, void *connection, const char *remote, int port, int fd)
{
	return ends(SERVER_NODE, fd);
}

char LICENSE[] SEC("license") BOMBUS_HELP("HTTP requests of PHP and Node") = "GPL";
