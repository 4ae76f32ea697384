// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A map of a type that no kernel has. */
#include "run.bpf.h"

struct {
	__uint(type, 9999);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} strange SEC(".maps.counter");

ON_ROUND int odd_type(void *ctx)
{
	__u32 key = 0;

	add_one(&strange, &key);
	return 0;
}
