// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Signals, with sender, receiver and result. The kernel sends some of its own accord (SIGSEGV,
 * SIGCHLD, SIGPIPE); their sender is the thread that runs at that moment.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

/* As the kernel's own header has them. */
enum fate {
	SIGNAL_DELIVERED,
	SIGNAL_IGNORED,
	SIGNAL_ALREADY_PENDING,
	SIGNAL_OVERFLOW_FAIL,
	SIGNAL_LOSE_INFO,
};

BOMBUS_FILTERS;
const volatile signal_t
	target_signal BOMBUS_PARAM BOMBUS_HELP("only this signal, 0: every one") = 0;
const volatile pid_t
	target_receiver BOMBUS_PARAM BOMBUS_HELP("only to this process, 0: every one") = 0;
const volatile bool killing_only BOMBUS_PARAM
	BOMBUS_HELP("not the signals that processes ignore if they do nothing about them") = false;

struct event {
	BOMBUS_WHO;
	signal_t sig BOMBUS_LABEL BOMBUS_HELP("signal");
	pid_t to BOMBUS_HELP("process that gets it");
	pid_t to_tid BOMBUS_HELP("thread that gets it, 0: any of the process");
	char to_comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread that gets it");
	enum fate fate BOMBUS_LABEL BOMBUS_HELP("result");
	bool from_kernel BOMBUS_LABEL BOMBUS_HELP("the kernel sends it of its own accord");
};

BOMBUS_EVENTS(signals, struct event, 4 << 20) BOMBUS_HELP("signals that are sent");

#define BIT(sig) (1ull << (sig))
#define IGNORED_BY_DEFAULT (BIT(17) | BIT(18) | BIT(23) | BIT(28)) /* CHLD CONT URG WINCH */

static __always_inline bool is_wanted(int sig, const struct task_struct *to)
{
	if (sig < 1 || sig > 64 || (target_signal && sig != target_signal))
		return false;
	if (killing_only && sig < 64 && (IGNORED_BY_DEFAULT & BIT(sig)))
		return false;
	return !target_receiver || target_receiver == to->tgid;
}

/* `info` is a structure only where it is more than these small numbers; 0 is a user's, without one.
 */
static __always_inline bool is_kernels(const struct kernel_siginfo *info)
{
	if ((unsigned long)info <= 2)
		return info;
	return BPF_CORE_READ(info, si_code) > 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *to, int group,
	     int fate)
{
	struct event *e;

	if (!is_wanted(sig, to) || bombus_filtered())
		return 0;
	e = bombus_reserve(&signals, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->sig = sig;
	e->to = to->tgid;
	e->to_tid = group ? 0 : to->pid;
	bpf_core_read_str(e->to_comm, sizeof(e->to_comm), &to->comm);
	e->fate = fate;
	e->from_kernel = is_kernels(info);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("signals: sender, receiver and result") = "GPL";
