// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long programs wait for the addresses of a name: calls of the C library's getaddrinfo(),
 * gethostbyname() and gethostbyname2(). --container or --pid finds a container's own library.
 * Programs that do not use the library (those in Go, static ones) are not seen; dnssnoop shows
 * their queries.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define NAME_SHOWN 128

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only calls of at least this") = 0;

enum resolver {
	GETADDRINFO,
	GETHOSTBYNAME,
	GETHOSTBYNAME2,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the call returned");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	enum resolver call BOMBUS_LABEL BOMBUS_HELP("function");
	bool found BOMBUS_LABEL BOMBUS_HELP("it gave an address");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from call to return");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the process");
	char host[NAME_SHOWN] BOMBUS_HELP("name asked for, cut at 127 bytes");
};

BOMBUS_EVENTS(lookups, struct event, 1 << 20) BOMBUS_HELP("names that were looked up");

struct call {
	__u64 since_ns;
	const char *host;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps") BOMBUS_HELP("threads inside a call, by thread id");

static __always_inline int enter(const char *host)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = { .since_ns = bpf_ktime_get_ns(), .host = host };

	if (!bombus_filtered() && bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		bombus_lost(&lookups);
	return 0;
}

static __always_inline int leave(enum resolver which, bool found)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), took;
	__u32 tid = pid_tgid;
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct event *e = NULL;

	if (!call)
		return 0;
	took = now - call->since_ns;
	if (took >= min_us * 1000)
		e = bombus_reserve(&lookups, sizeof(*e));
	if (e) {
		e->time = now;
		e->pid = pid_tgid >> 32;
		e->tid = tid;
		e->uid = bpf_get_current_uid_gid();
		bpf_get_current_comm(e->comm, sizeof(e->comm));
		e->call = which;
		e->found = found;
		e->took = took;
		e->cgroup = bpf_get_current_cgroup_id();
		bpf_probe_read_user_str(e->host, sizeof(e->host), call->host);
		bpf_ringbuf_submit(e, 0);
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

#define RESOLVER(function, which, is_found)                                                        \
	SEC("uprobe/libc:" #function) int BPF_KPROBE(on_##function, const char *host)              \
	{                                                                                          \
		return enter(host);                                                                \
	}                                                                                          \
	SEC("uretprobe/libc:" #function) int BPF_KRETPROBE(after_##function, long ret)             \
	{                                                                                          \
		return leave(which, is_found);                                                     \
	}

RESOLVER(getaddrinfo, GETADDRINFO, (int)ret == 0)
RESOLVER(gethostbyname, GETHOSTBYNAME, ret != 0)
RESOLVER(gethostbyname2, GETHOSTBYNAME2, ret != 0)

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long programs wait for the addresses of a name") = "GPL";
