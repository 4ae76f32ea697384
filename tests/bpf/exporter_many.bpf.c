// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A hash that each call of getppid() by a process called exporter_load gives one more key. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct many_key {
	__u32 op;
	__u32 error;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct many_key);
	__type(value, __u64);
} many_total SEC(".maps");

__u64 calls = 0;

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_call(void *ctx)
{
	struct many_key key = {};
	__u64 one = 1;
	__u64 n;

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	if (key.comm[0] != 'e' || key.comm[1] != 'x' || key.comm[8] != '_' || key.comm[9] != 'l')
		return 0;
	n = __sync_fetch_and_add(&calls, 1);
	key.op = (__u32)n % 4;
	key.error = (__u32)n / 4 % 128;
	__builtin_memset(key.comm, 0, sizeof(key.comm));
	n /= 512;
	for (int i = 0; i < 4; i++, n /= 16)
		key.comm[i] = 'a' + n % 16;
	bpf_map_update_elem(&many_total, &key, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
