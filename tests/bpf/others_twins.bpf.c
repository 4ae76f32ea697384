// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A job in two forms, of which another tool's loader would choose one. */
#include "run.bpf.h"
#include <bpf/bpf_tracing.h>

#ifdef __TARGET_ARCH_x86
#define NR_GETPPID 110
#else
#define NR_GETPPID 173
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps.counter");

static __always_inline int count(long number)
{
	__u32 zero = 0;

	if (bpf_get_current_pid_tgid() >> 32 == target_pid && number == NR_GETPPID)
		add_one(&calls, &zero);
	return 0;
}

SEC("tp_btf/sys_enter") int BPF_PROG(sys_enter_btf, struct pt_regs *regs, long number)
{
	return count(number);
}

SEC("raw_tp/sys_enter") int BPF_PROG(sys_enter_raw, struct pt_regs *regs, long number)
{
	return count(number);
}

#ifdef UNLIKE
SEC("tracepoint/raw_syscalls/sys_enter")
int another(struct trace_event_raw_sys_enter *ctx)
{
	return 0;
}
#endif
