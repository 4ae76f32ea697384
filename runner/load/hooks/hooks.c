// SPDX-License-Identifier: Apache-2.0
#include "runner/load/hooks/hooks.h"

#include "base/util.h"
#include "runner/load/hooks/hooks_internal.h"

/* ---- hooks that every kernel has ---- */

static const struct {
	const char *section, *context;
} fixed[] = {
	{ "xdp", "struct xdp_md" },
	{ "tc", "struct __sk_buff" },
	{ "socket", "struct __sk_buff" },
	{ "cgroup_skb/ingress", "struct __sk_buff" },
	{ "cgroup_skb/egress", "struct __sk_buff" },
	{ "cgroup/sock_create", "struct bpf_sock" },
	{ "cgroup/sock_release", "struct bpf_sock" },
	{ "cgroup/post_bind4", "struct bpf_sock" },
	{ "cgroup/post_bind6", "struct bpf_sock" },
	{ "cgroup/bind4", "struct bpf_sock_addr" },
	{ "cgroup/bind6", "struct bpf_sock_addr" },
	{ "cgroup/connect4", "struct bpf_sock_addr" },
	{ "cgroup/connect6", "struct bpf_sock_addr" },
	{ "cgroup/sendmsg4", "struct bpf_sock_addr" },
	{ "cgroup/sendmsg6", "struct bpf_sock_addr" },
	{ "cgroup/recvmsg4", "struct bpf_sock_addr" },
	{ "cgroup/recvmsg6", "struct bpf_sock_addr" },
	{ "cgroup/getpeername4", "struct bpf_sock_addr" },
	{ "cgroup/getpeername6", "struct bpf_sock_addr" },
	{ "cgroup/getsockname4", "struct bpf_sock_addr" },
	{ "cgroup/getsockname6", "struct bpf_sock_addr" },
	{ "cgroup/getsockopt", "struct bpf_sockopt" },
	{ "cgroup/setsockopt", "struct bpf_sockopt" },
	{ "cgroup/sysctl", "struct bpf_sysctl" },
	{ "cgroup/dev", "struct bpf_cgroup_dev_ctx" },
	{ "sockops", "struct bpf_sock_ops" },
	{ "sk_lookup", "struct bpf_sk_lookup" },
	{ "flow_dissector", "struct __sk_buff" },
	{ "perf_event/cpu-clock:99", "struct bpf_perf_event_data" },
	{ "perf_event/task-clock:99", "struct bpf_perf_event_data" },
	{ "perf_event/page-faults:1", "struct bpf_perf_event_data" },
	{ "perf_event/major-faults:1", "struct bpf_perf_event_data" },
	{ "perf_event/context-switches:1", "struct bpf_perf_event_data" },
	{ "perf_event/cpu-migrations:1", "struct bpf_perf_event_data" },
	{ "perf_event/cycles:1000000", "struct bpf_perf_event_data" },
	{ "perf_event/instructions:1000000", "struct bpf_perf_event_data" },
	{ "perf_event/cache-misses:10000", "struct bpf_perf_event_data" },
	{ "perf_event/branch-misses:10000", "struct bpf_perf_event_data" },
};

int hooks_fixed(const struct hooks_walk *walk)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_LEN(fixed) && ret == 0; i++) {
		struct hook_info info = { .section = fixed[i].section,
					  .context = fixed[i].context };

		if (hooks_matches(walk, info.section))
			ret = walk->found(walk->ctx, &info);
	}
	return ret;
}

int hooks_each(const struct hooks_query *query, hook_found found, void *ctx, struct err *err)
{
	const struct hooks_walk walk = { query, found, ctx };
	int ret;

	if (query->binary)
		return hooks_of_binary(&walk, err);
	ret = hooks_of_tracefs(&walk);
	if (ret == 0)
		ret = hooks_of_btf(&walk);
	return ret ? ret : hooks_fixed(&walk);
}
