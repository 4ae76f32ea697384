// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * System calls that a seccomp filter refuses: by an error, by a signal (SIGSYS, which kills or is
 * caught), or by an answer of its supervisor.
 *
 * The filter runs before the tracepoint at the start of a call. A call that it refuses does not
 * reach that tracepoint, but passes the one at the end: a call that ends without a start was
 * refused. (A call that a tracer skips, by ptrace(), looks the same.) A thread is watched from its
 * first call after the start of the program.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define SECCOMP_MODE_FILTER 2 /* 3: it is being killed */
#define SIGSYS 31

enum refusal {
	SECCOMP_ERROR,
	SECCOMP_SIGNAL,
	SECCOMP_ANSWER,
};

BOMBUS_FILTERS;

struct event {
	BOMBUS_WHO;
	syscall_t call BOMBUS_LABEL BOMBUS_HELP("system call that was refused");
	enum refusal refusal BOMBUS_LABEL BOMBUS_HELP("how");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("the error that it got");
	__u64 args[3] BOMBUS_HELP("its first arguments");
};

BOMBUS_EVENTS(refusals, struct event, 1 << 20) BOMBUS_HELP("system calls that seccomp refused");

enum place {
	STATE_NEW,
	STATE_OUTSIDE,
	STATE_INSIDE,
	STATE_SIGNALLED,
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} states SEC(".maps") BOMBUS_HELP("threads with a filter: whether they are inside a call");

static __always_inline __u32 *state_of_current(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->seccomp.mode < SECCOMP_MODE_FILTER || bombus_filtered())
		return NULL;
	return bpf_task_storage_get(&states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void report(int call, enum refusal refusal, long ret)
{
	struct event *e = bombus_reserve(&refusals, sizeof(*e));

	if (!e)
		return;
	bombus_who(e);
	e->call = call;
	e->refusal = refusal;
	e->err = ret < 0 ? -ret : 0;
	e->args[0] = bombus_arg(0);
	e->args[1] = bombus_arg(1);
	e->args[2] = bombus_arg(2);
	bpf_ringbuf_submit(e, 0);
}

SEC("tracepoint/raw_syscalls/sys_enter")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u32 *state = state_of_current();

	if (state)
		*state = STATE_INSIDE;
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_exit")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 *state = state_of_current();

	if (!state)
		return 0;
	if (*state == STATE_OUTSIDE)
		report(ctx->id, ctx->ret < 0 ? SECCOMP_ERROR : SECCOMP_ANSWER, ctx->ret);
	*state = STATE_OUTSIDE;
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *to)
{
	__u32 *state;

	/* Smaller numbers stand for signals without a structure. */
	if (sig != SIGSYS || (unsigned long)info <= 2 || to != bpf_get_current_task_btf())
		return 0;
	state = state_of_current();
	if (!state)
		return 0;
	*state = STATE_SIGNALLED;
	report(BPF_CORE_READ(info, _sifields._sigsys._syscall), SECCOMP_SIGNAL, 0);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("system calls that seccomp filters refuse") = "GPL";
