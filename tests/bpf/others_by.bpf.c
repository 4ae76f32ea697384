// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Histograms by keys that have no member for the bucket: the header adds it. */
#include "run.bpf.h"
#include <bombus/histogram.bpf.h>

struct disk_key {
	__u64 disk;
	__u32 write;
	__u32 unused BOMBUS_HIDE;
};

BOMBUS_HISTOGRAM(by_struct, BOMBUS_WITH_BUCKET(struct disk_key), 256);
BOMBUS_HISTOGRAM_LINEAR(by_pid, BOMBUS_WITH_BUCKET(pid_t), 256, 10, 0, 100);

ON_ROUND int observe(void *ctx)
{
	struct disk_key key = { .disk = 8, .write = 1 };
	pid_t pid = 7;
	__u64 round;

	if (!next_round(&round))
		return 0;
	bombus_histogram_observe_by(&by_struct, &key, 100 + round);
	bombus_histogram_observe_by(&by_pid, &pid, 15);
	return 0;
}
