// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What each tenant of a host uses, all in one map of counters: the name of the metric is part of
 * the key. A tenant is a user, or a cgroup where the host is divided by containers.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

enum tenant_kind {
	TENANT_USER,
	TENANT_CGROUP,
};

BOMBUS_FILTERS;
const volatile enum tenant_kind tenant BOMBUS_PARAM BOMBUS_HELP("what a tenant is") = TENANT_USER;

struct metric_key {
	__u32 tenant_id BOMBUS_HELP("user id, or the lower half of the cgroup id");
	char metric_name[32] BOMBUS_HELP("what is counted");
};

BOMBUS_LOST(tenant_metrics);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct metric_key);
	__type(value, __u64);
} tenant_metrics SEC(".maps.counter") BOMBUS_HELP("what tenants use");

static __always_inline void count(const struct task_struct *task, struct metric_key *key, __u64 n)
{
	if (tenant == TENANT_CGROUP)
		key->tenant_id = bombus_task_cgroup(task);
	else
		key->tenant_id = BPF_CORE_READ(task, cred, uid.val);
	bombus_count(&tenant_metrics, key, n);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct metric_key key = { .metric_name = "programs_started" };

	if (!bombus_filtered())
		count(task, &key, 1);
	return 0;
}

/* Whenever the scheduler accounts for time that a task has had. */
SEC("tp_btf/sched_stat_runtime")
int BPF_PROG(on_runtime, struct task_struct *task, __u64 runtime_ns)
{
	struct metric_key key = { .metric_name = "cpu_ns" };

	if (!bombus_task_filtered(task))
		count(task, &key, runtime_ns);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int oldstate, int newstate)
{
	struct metric_key key = { .metric_name = "tcp_connects" };

	/* connect() itself enters this state, so that the current task is who asked. */
	if (newstate == TCP_SYN_SENT && !bombus_filtered())
		count((struct task_struct *)bpf_get_current_task(), &key, 1);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("what each user or cgroup uses, as counters") = "GPL";
