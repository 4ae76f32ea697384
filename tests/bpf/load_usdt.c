// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * USDT probes. Not a *.bpf.c like its neighbours: libbpf's header for these wants the C library's
 * folder for the machine, so that the test builds it itself.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps.counter");

SEC("usdt") int BPF_USDT(probe, long number)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&hits, &zero);

	if (count && number == 42)
		__sync_fetch_and_add(count, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
