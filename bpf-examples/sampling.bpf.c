// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Watching what is too frequent to be watched: one system call of so many, chosen at random, is
 * reported in full, while the true number of them is counted. A sampled record says for how many
 * calls it stands.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile __u32 sample_rate BOMBUS_PARAM BOMBUS_HELP("one call of so many is reported") = 100;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was made");
	pid_t pid BOMBUS_HELP("process");
	syscall_t syscall BOMBUS_LABEL BOMBUS_HELP("system call");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	__u32 stands_for BOMBUS_HELP("how many calls it stands for");
};

BOMBUS_EVENTS(samples, struct event, 1 << 20) BOMBUS_HELP("system calls, a sample of them");

/* Counted at every call, hence per CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps.counter") BOMBUS_HELP("system calls, all of them");

/* Counted at the few that are chosen: a plain variable will do. */
__u64 calls_chosen BOMBUS_COUNTER BOMBUS_HELP("system calls chosen to be reported");

SEC("tp_btf/sys_enter")
int BPF_PROG(sampling, struct pt_regs *regs, long id)
{
	__u32 zero = 0, rate = sample_rate ?: 1;
	struct event *e;
	__u64 *all;

	if (id < 0 || bombus_filtered())
		return 0;
	all = bpf_map_lookup_elem(&calls, &zero);
	if (all)
		bombus_add(all, 1);
	if (bpf_get_prandom_u32() % rate)
		return 0;
	bombus_add(&calls_chosen, 1);
	e = bombus_reserve(&samples, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->syscall = id;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->stands_for = rate;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("system calls: all of them counted, a random sample in full") = "GPL";
