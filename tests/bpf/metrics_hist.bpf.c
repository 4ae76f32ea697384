// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Histograms counted by <bombus/histogram.bpf.h>, in all its ways. Round n observes
 * 2^(n / 3) + n % 3 - 1: every power of two and the values beside it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/histogram.bpf.h>

const volatile __u32 target_pid = 0;
__u64 rounds = 0;

struct hist_key {
	__u32 side BOMBUS_LABEL;
	__u32 bucket;
};

static const __u64 bounds[] = { 5, 50, 500 };

BOMBUS_HISTOGRAM(powers, struct hist_key, 1024) BOMBUS_HELP("powers of two");
BOMBUS_HISTOGRAM(waits, struct hist_key, 1024) BOMBUS_UNIT("us");
BOMBUS_HISTOGRAM(fine, struct hist_key, 4096) BOMBUS_BUCKETS("exp2/8");
BOMBUS_HISTOGRAM(steps, struct hist_key, 1024) BOMBUS_BUCKETS("linear 10 0 100");
BOMBUS_HISTOGRAM(fixed, struct hist_key, 1024) BOMBUS_BUCKETS("5,50,500");

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	struct hist_key key = {};
	__u64 n, v;

	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	n = __sync_fetch_and_add(&rounds, 1);
	v = (1ull << (n / 3 & 63)) + n % 3 - 1;
	key.side = n % 3;
	bombus_histogram_observe(&powers, &key, v);
	bombus_histogram_observe(&waits, &key, v);
	bombus_histogram_observe_fine(&fine, &key, v, 3);
	bombus_histogram_observe_linear(&steps, &key, v, 10, 0, 100);
	bombus_histogram_observe_fixed(&fixed, &key, v, bounds);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
