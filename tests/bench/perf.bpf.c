// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Events through a perf event array: 100 of 48 bytes for each call of getppid() by one process. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define PER_CALL 100
#define SERIES 1000

struct perf_record_key {
	__u64 number;
	char comm[40];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct perf_record_key);
} events SEC(".maps.counter");

const volatile __u32 target_pid = 0;
__u64 made = 0;

SEC("tracepoint/syscalls/sys_enter_getppid") int emit(void *ctx)
{
	struct perf_record_key key = { .comm = "worker" };

	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	for (int i = 0; i < PER_CALL; i++) {
		key.number = made++ % SERIES;
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &key, sizeof(key));
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
