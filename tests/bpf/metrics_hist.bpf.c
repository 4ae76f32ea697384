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

BOMBUS_HISTOGRAM(powers, struct hist_key, 1024) BOMBUS_HELP("powers of two");
BOMBUS_HISTOGRAM(waits, struct hist_key, 1024) BOMBUS_UNIT("us");
BOMBUS_HISTOGRAM_FINE(fine, struct hist_key, 4096, 3);
BOMBUS_HISTOGRAM_FINE(fine1, struct hist_key, 4096, 1);
BOMBUS_HISTOGRAM_FINE(fine2, struct hist_key, 4096, 2);
BOMBUS_HISTOGRAM_FINE(fine4, struct hist_key, 4096, 4);
BOMBUS_HISTOGRAM_LINEAR(steps, struct hist_key, 1024, 10, 0, 100);
BOMBUS_HISTOGRAM_FIXED(fixed, struct hist_key, 1024, 5,50,500);
/* Counted as the others are, and shown in part. */
BOMBUS_HISTOGRAM(part, struct hist_key, 1024) BOMBUS_BUCKETS("exp2 4 27");
BOMBUS_HISTOGRAM_FINE(part_fine, struct hist_key, 4096, 2) BOMBUS_BUCKETS("exp2/4 4 27");

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
	bombus_histogram_observe(&fine, &key, v);
	bombus_histogram_observe(&fine1, &key, v);
	bombus_histogram_observe(&fine2, &key, v);
	bombus_histogram_observe(&fine4, &key, v);
	bombus_histogram_observe(&steps, &key, v);
	bombus_histogram_observe(&fixed, &key, v);
	bombus_histogram_observe(&part, &key, v);
	bombus_histogram_observe(&part_fine, &key, v);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
