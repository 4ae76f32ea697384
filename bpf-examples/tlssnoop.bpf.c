// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Reads and writes of TLS, where the data is in the clear: calls of OpenSSL, GnuTLS and NSS with
 * the size and the time of each, and their handshakes. The data itself is shown only if with_data
 * is set.
 *
 * A library that this machine does not have is left out. --container or --pid finds a container's
 * own library; a program that contains the library needs its file: --attach 'ssl_*=/usr/bin/node'.
 * Go's own TLS is not a library and is not seen.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>
#include <bombus/histogram.bpf.h>

#define DATA_MAX 1024
#define PR_DESC_LAYERED 4 /* enum PRDescType of NSPR: TLS is a layer, plain sockets are not */

BOMBUS_FILTERS;
const volatile __u32 with_data BOMBUS_PARAM
	BOMBUS_HELP("show so many bytes of the data, at most 1024; 0: none") = 0;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only calls of at least this") = 0;
const volatile bool with_events BOMBUS_PARAM BOMBUS_HELP("each call is also a record") = true;

enum tls_library {
	OPENSSL,
	GNUTLS,
	NSS,
};

enum tls_call {
	TLS_READ,
	TLS_WRITE,
	TLS_HANDSHAKE,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the call returned");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	enum tls_library library BOMBUS_LABEL BOMBUS_HELP("library that does TLS");
	enum tls_call call BOMBUS_LABEL BOMBUS_HELP("kind of call");
	bool failed BOMBUS_LABEL
		BOMBUS_HELP("it moved nothing: an error, the end, or it would block");
	__u64 connection BOMBUS_HELP(
		"address of the library's object, the same for all calls of a connection");
	bytes size BOMBUS_COUNTER BOMBUS_HELP("data that was read or written");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from call to return");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the process");
	char data[] BOMBUS_HELP("with_data: its beginning");
};

BOMBUS_UNREAD(calls);
BOMBUS_EVENTS(calls, struct event, 4 << 20) BOMBUS_HELP("reads, writes and handshakes of TLS");

struct tls_key {
	enum tls_library library BOMBUS_LABEL BOMBUS_HELP("library that does TLS");
	enum tls_call call BOMBUS_LABEL BOMBUS_HELP("kind of call");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
};

BOMBUS_HISTOGRAM(tls_latency, BOMBUS_WITH_BUCKET(struct tls_key), 16384)
BOMBUS_UNIT("us") BOMBUS_BUCKETS("exp2 0 23") BOMBUS_HELP("time that calls of TLS take");

BOMBUS_LOST(tls_data);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tls_key);
	__type(value, __u64);
} tls_data SEC(".maps.counter") BOMBUS_UNIT("bytes") BOMBUS_HELP("data over TLS, in the clear");

/* A library may call its own functions: each has a place of its own. */
struct call_key {
	__u32 tid;
	__u32 function;
};

struct call {
	__u64 since_ns, connection;
	const void *data;
	const __u64 *size; /* where the function leaves it; NULL: it returns it */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct call_key);
	__type(value, struct call);
} inside SEC(".maps") BOMBUS_HELP("threads inside a call");

static __always_inline int enter(__u32 function, const void *connection, const void *data,
				 const __u64 *size)
{
	struct call call = {
		.since_ns = bpf_ktime_get_ns(),
		.connection = (__u64)connection,
		.data = data,
		.size = size,
	};
	struct call_key key = { bpf_get_current_pid_tgid(), function };

	if (!bombus_filtered() && bpf_map_update_elem(&inside, &key, &call, BPF_ANY))
		bombus_lost(&calls);
	return 0;
}

static __always_inline void fill(struct event *e, const struct call *call, const struct tls_key *by,
				 __s64 size, __u64 now)
{
	e->time = now;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->tid = bpf_get_current_pid_tgid();
	e->uid = bpf_get_current_uid_gid();
	__builtin_memcpy(e->comm, by->comm, sizeof(e->comm));
	e->library = by->library;
	e->call = by->call;
	e->failed = size < 0 || (!size && by->call != TLS_HANDSHAKE);
	e->connection = call->connection;
	e->size = size > 0 ? size : 0;
	e->took = now - call->since_ns;
	e->cgroup = bpf_get_current_cgroup_id();
}

/* Records of two sizes: each takes no more room than it needs. */
static __always_inline void report(const struct call *call, const struct tls_key *by, __s64 size,
				   __u64 now)
{
	struct event *e;
	__u64 len = size;

	if (!with_data || size <= 0 || by->call == TLS_HANDSHAKE) {
		e = bombus_reserve(&calls, sizeof(*e));
		if (!e)
			return;
		fill(e, call, by, size, now);
	} else {
		e = bombus_reserve(&calls, sizeof(*e) + DATA_MAX);
		if (!e)
			return;
		fill(e, call, by, size, now);
		if (len > with_data)
			len = with_data;
		/* The verifier sees the bounds of this value alone, not of where it comes from. */
		asm volatile("" : "+r"(len));
		if (len > DATA_MAX)
			len = DATA_MAX;
		bpf_probe_read_user(e->data, len, call->data);
	}
	bpf_ringbuf_submit(e, 0);
}

/* `size`: what was moved, 0 of a handshake; negative: an error. */
static __always_inline void finish(const struct call *call, enum tls_library library,
				   enum tls_call what, __s64 size)
{
	struct tls_key by = { .library = library, .call = what };
	__u64 now = bpf_ktime_get_ns();

	bpf_get_current_comm(by.comm, sizeof(by.comm));
	bombus_histogram_observe_by(&tls_latency, &by, (now - call->since_ns) / 1000);
	if (size > 0)
		bombus_count(&tls_data, &by, size);
	if (with_events && now - call->since_ns >= min_us * 1000 && !bombus_unread(&calls))
		report(call, &by, size, now);
}

/* `ret` as the function returns it. */
static __always_inline int leave(__u32 function, enum tls_library library, enum tls_call what,
				 int ret)
{
	struct call_key key = { bpf_get_current_pid_tgid(), function };
	struct call *call = bpf_map_lookup_elem(&inside, &key);
	__u64 moved = 0;
	__s64 size = ret;

	if (!call)
		return 0;
	if (call->size) {
		bpf_probe_read_user(&moved, sizeof(moved), call->size);
		size = ret == 1 ? (__s64)moved : -1;
	} else if (what == TLS_HANDSHAKE) {
		size = ret == (library == OPENSSL) ? 0 : -1;
	}
	finish(call, library, what, size);
	bpf_map_delete_elem(&inside, &key);
	return 0;
}

#define MOVES(prefix, number, library, where, function, what)                                      \
	SEC("uprobe/" where ":" #function)                                                         \
	BOMBUS_OPTIONAL int BPF_KPROBE(prefix##_##function, const void *connection,                \
				       const void *data)                                           \
	{                                                                                          \
		return enter(number, connection, data, NULL);                                      \
	}                                                                                          \
	RETURNS(prefix, number, library, where, function, what)

/* These return 1 and leave the size behind a pointer. */
#define MOVES_EX(prefix, number, library, where, function, what)                                   \
	SEC("uprobe/" where ":" #function)                                                         \
	BOMBUS_OPTIONAL int BPF_KPROBE(prefix##_##function, const void *connection,                \
				       const void *data, size_t asked, const __u64 *moved)         \
	{                                                                                          \
		return enter(number, connection, data, moved);                                     \
	}                                                                                          \
	RETURNS(prefix, number, library, where, function, what)

#define RETURNS(prefix, number, library, where, function, what)                                    \
	SEC("uretprobe/" where ":" #function)                                                      \
	BOMBUS_OPTIONAL int BPF_KRETPROBE(prefix##_after_##function, int ret)                      \
	{                                                                                          \
		return leave(number, library, what, ret);                                          \
	}

/* NSPR's functions serve files and plain sockets, too. */
#define MOVES_LAYERED(number, function, what)                                                      \
	SEC("uprobe/libnspr4:" #function)                                                          \
	BOMBUS_OPTIONAL int BPF_KPROBE(nss_##function, const void *connection, const void *data)   \
	{                                                                                          \
		return is_layered(connection) ? enter(number, connection, data, NULL) : 0;         \
	}                                                                                          \
	RETURNS(nss, number, NSS, "libnspr4", function, what)

static __always_inline bool is_layered(const void *fd)
{
	const __u32 *methods = NULL;
	__u32 type = 0;

	bpf_probe_read_user(&methods, sizeof(methods), fd);
	bpf_probe_read_user(&type, sizeof(type), methods);
	return type == PR_DESC_LAYERED;
}

MOVES(ssl, 1, OPENSSL, "libssl", SSL_read, TLS_READ)
MOVES(ssl, 2, OPENSSL, "libssl", SSL_write, TLS_WRITE)
MOVES_EX(ssl, 3, OPENSSL, "libssl", SSL_read_ex, TLS_READ)
MOVES_EX(ssl, 4, OPENSSL, "libssl", SSL_write_ex, TLS_WRITE)
MOVES(ssl, 5, OPENSSL, "libssl", SSL_do_handshake, TLS_HANDSHAKE)
MOVES(gnutls, 6, GNUTLS, "libgnutls", gnutls_record_recv, TLS_READ)
MOVES(gnutls, 7, GNUTLS, "libgnutls", gnutls_record_send, TLS_WRITE)
MOVES(gnutls, 8, GNUTLS, "libgnutls", gnutls_handshake, TLS_HANDSHAKE)
MOVES_LAYERED(9, PR_Read, TLS_READ)
MOVES_LAYERED(10, PR_Recv, TLS_READ)
MOVES_LAYERED(11, PR_Write, TLS_WRITE)
MOVES_LAYERED(12, PR_Send, TLS_WRITE)

char LICENSE[] SEC("license") BOMBUS_HELP(
	"sizes and latency of TLS reads, writes and handshakes; data on request") = "GPL";
