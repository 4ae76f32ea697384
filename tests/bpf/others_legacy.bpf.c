// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Maps as they were declared before BTF described them, beside one of today. */
#include "run.bpf.h"

struct bpf_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def SEC("maps") old_calls = {
	.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
};

struct bpf_map_def SEC("maps") old_hash = {
	.type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 16
};

#ifdef BOTH
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");
#endif

ON_ROUND int legacy(void *ctx)
{
	__u32 zero = 0, seven = 7;
	__u64 round;

	if (!next_round(&round))
		return 0;
	add_one(&old_calls, &zero);
	add_one(&old_hash, &seven);
#ifdef BOTH
	add_one(&calls, &zero);
#endif
	return 0;
}
