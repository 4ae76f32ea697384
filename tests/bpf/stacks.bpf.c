// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Stacks of the rounds of run.bpf.h: an event for each, and a counter for each stack. */
#include "run.bpf.h"

#define USER_STACK 256 /* BPF_F_USER_STACK, a macro elsewhere */

typedef __s32 kstack_id;
typedef __s32 ustack_id;

struct stack_round {
	__u32 tgid;
	ustack_id user;
	kstack_id kernel;
};

struct by_stack {
	kstack_id kernel;
	__u32 pid;
	ustack_id user;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384); /* so that two rarely have one place */
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct stack_round);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct by_stack);
	__type(value, __u64);
} counts SEC(".maps");

ON_ROUND int take_stacks(void *ctx)
{
	struct by_stack key = {};
	struct stack_round *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	key.kernel = bpf_get_stackid(ctx, &stacks, 0);
	key.user = bpf_get_stackid(ctx, &stacks, USER_STACK);
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	add_one(&counts, &key);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->tgid = key.pid;
	e->user = key.user;
	e->kernel = key.kernel;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
