// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * System calls and how often they are made; if wanted, by thread, with their latency, or only those
 * that fail, by error. Without latency and failed_only, nothing is kept between the start and the
 * end of a call.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define MAX_ERRNO 4095

BOMBUS_FILTERS;
const volatile bool by_comm BOMBUS_PARAM BOMBUS_HELP("a series for each thread name") = false;
const volatile bool latency BOMBUS_PARAM
	BOMBUS_HELP("how long calls take, as a histogram of those that end") = false;
const volatile bool
	failed_only BOMBUS_PARAM BOMBUS_HELP("only calls that failed, by error") = false;

struct call_key {
	syscall_t syscall BOMBUS_HELP("system call");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread, with by_comm");
	errno_t error BOMBUS_HELP("why it failed, with failed_only");
};

BOMBUS_LOST(syscalls);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct call_key);
	__type(value, __u64);
} syscalls SEC(".maps.counter") BOMBUS_HELP("system calls made");

struct time_key {
	syscall_t syscall BOMBUS_LABEL BOMBUS_HELP("system call");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread, with by_comm");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(syscall_time, struct time_key, 16384)
BOMBUS_UNIT("ns") BOMBUS_HELP("time that system calls take, with latency");

struct begun {
	__u64 since_ns;
	__u64 id; /* and 1: no call is 0 */
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct begun);
} calls SEC(".maps") BOMBUS_HELP("the call that a thread is in");

static __always_inline void note(long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct begun *begun;

	begun = bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!begun) {
		bombus_lost(&syscall_time);
		return;
	}
	begun->id = id + 1;
	begun->since_ns = bpf_ktime_get_ns();
}

static __always_inline void count(long id, long error)
{
	struct call_key key = { .syscall = id, .error = error };

	if (by_comm)
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	bombus_count(&syscalls, &key, 1);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscount, struct pt_regs *regs, long id)
{
	/* A tracer may have taken the call away, which leaves -1. */
	if (id < 0 || bombus_filtered())
		return 0;
	if (!failed_only)
		count(id, 0);
	if (latency || failed_only)
		note(id);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct time_key key = {};
	struct begun *begun;
	bool failed = ret < 0 && ret >= -MAX_ERRNO;

	if (!latency && !failed_only)
		return 0;
	begun = bpf_task_storage_get(&calls, task, 0, 0);
	if (!begun || !begun->id)
		return 0;
	if (failed_only && failed)
		count(begun->id - 1, -ret);
	if (latency && (!failed_only || failed)) {
		key.syscall = begun->id - 1;
		if (by_comm)
			bpf_get_current_comm(key.comm, sizeof(key.comm));
		bombus_histogram_observe(&syscall_time, &key, bpf_ktime_get_ns() - begun->since_ns);
	}
	begun->id = 0;
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("system calls: number, latency, failures") = "GPL";
