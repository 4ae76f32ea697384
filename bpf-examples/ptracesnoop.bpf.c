// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Processes that inspect or change other processes: ptrace() (debuggers, strace, malware),
 * process_vm_readv() and process_vm_writev(), pidfd_getfd().
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

enum look {
	LOOK_PTRACE,
	LOOK_READ_MEMORY,
	LOOK_WRITE_MEMORY,
	LOOK_GET_FD,
};

/* Other requests have their number. */
enum ptrace_request {
	PTRACE_TRACEME = 0,
	PTRACE_PEEKTEXT = 1,
	PTRACE_PEEKDATA = 2,
	PTRACE_PEEKUSR = 3,
	PTRACE_POKETEXT = 4,
	PTRACE_POKEDATA = 5,
	PTRACE_POKEUSR = 6,
	PTRACE_CONT = 7,
	PTRACE_KILL = 8,
	PTRACE_SINGLESTEP = 9,
	PTRACE_GETREGS = 12,
	PTRACE_SETREGS = 13,
	PTRACE_ATTACH = 16,
	PTRACE_DETACH = 17,
	PTRACE_SYSCALL = 24,
	PTRACE_SETOPTIONS = 0x4200,
	PTRACE_GETEVENTMSG = 0x4201,
	PTRACE_GETSIGINFO = 0x4202,
	PTRACE_GETREGSET = 0x4204,
	PTRACE_SETREGSET = 0x4205,
	PTRACE_SEIZE = 0x4206,
	PTRACE_INTERRUPT = 0x4207,
	PTRACE_LISTEN = 0x4208,
	PTRACE_GET_SYSCALL_INFO = 0x420e,
};

BOMBUS_FILTERS;
const volatile bool attach_only BOMBUS_PARAM BOMBUS_HELP(
	"of ptrace(), only the requests that begin it (TRACEME, ATTACH, SEIZE)") = false;

struct event {
	BOMBUS_WHO;
	enum look look BOMBUS_LABEL BOMBUS_HELP("call");
	enum ptrace_request request BOMBUS_LABEL BOMBUS_HELP("request of ptrace()");
	pid_t target BOMBUS_HELP("process it is done to, in the caller's namespace; 0: itself");
	__s64 moved BOMBUS_UNIT("bytes") BOMBUS_HELP("memory that was read or written");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
};

BOMBUS_EVENTS(looks, struct event, 4 << 20) BOMBUS_HELP("looks into other processes");

static __always_inline int report(enum look look, __u32 request, pid_t target, long ret)
{
	struct event *e;

	if (bombus_filtered())
		return 0;
	e = bombus_reserve(&looks, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->look = look;
	e->request = request;
	e->target = target;
	e->moved = ret > 0 && (look == LOOK_READ_MEMORY || look == LOOK_WRITE_MEMORY) ? ret : 0;
	e->err = ret < 0 ? -ret : 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_ptrace")
int on_ptrace(struct trace_event_raw_sys_exit *ctx)
{
	__u32 request = bombus_arg(0);

	if (attach_only && request != PTRACE_TRACEME && request != PTRACE_ATTACH &&
	    request != PTRACE_SEIZE)
		return 0;
	return report(LOOK_PTRACE, request, request == PTRACE_TRACEME ? 0 : bombus_arg(1),
		      ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_process_vm_readv")
int on_read(struct trace_event_raw_sys_exit *ctx)
{
	return report(LOOK_READ_MEMORY, 0, bombus_arg(0), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_process_vm_writev")
int on_write(struct trace_event_raw_sys_exit *ctx)
{
	return report(LOOK_WRITE_MEMORY, 0, bombus_arg(0), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_pidfd_getfd")
int on_getfd(struct trace_event_raw_sys_exit *ctx)
{
	return report(LOOK_GET_FD, 0, 0, ctx->ret);
}

char LICENSE[] SEC("license") BOMBUS_HELP("processes that inspect or change others") = "GPL";
