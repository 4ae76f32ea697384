/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the objects of the kernel tests share. Each call of getppid() by the process target_pid is
 * one round; rounds are numbered from 0, so that a test knows every value that must come out.
 * It uses nothing of <bombus/...>: these programs know no more than libbpf's headers.
 */
#ifndef TESTS_BPF_RUN_H
#define TESTS_BPF_RUN_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

const volatile __u32 target_pid = 0;

/* The number of the next round. One process calls, so that nothing else changes it meanwhile. */
__u64 rounds = 0;

#define ON_ROUND SEC("tracepoint/syscalls/sys_enter_getppid")

static __always_inline bool next_round(__u64 *ret_round)
{
	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid)
		return false;
	*ret_round = __sync_fetch_and_add(&rounds, 1);
	return true;
}

static __always_inline void add_one(void *map, const void *key)
{
	__u64 one = 1, *count = bpf_map_lookup_elem(map, key);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(map, key, &one, BPF_NOEXIST);
}

char LICENSE[] SEC("license") = "GPL";

#endif
