/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel side of <bombus/trace.h>: the span that a traced program works for, and its own spans.
 *
 *	#include "vmlinux.h"
 *	#include <bpf/bpf_helpers.h>
 *	#include <bpf/bpf_tracing.h>
 *	#include <bpf/usdt.bpf.h>
 *	#include <bombus/trace.bpf.h>
 *
 *	BOMBUS_FILTERS;
 *	BOMBUS_FOLLOW_THREADS;		// --attach on_trace=/path/of/the/program
 *	...
 *		parent = bombus_parent_get(&followed_threads, &tid);
 *
 * The traced program's spans come in a map of their own, `user_spans`, which this header declares;
 * their service is the name of the thread that ended them. A program that follows something else
 * writes its own on_trace, with the six arguments listed in <bombus/trace.h>, and calls
 * bombus_user_span() too.
 */
#ifndef BOMBUS_TRACE_BPF_H
#define BOMBUS_TRACE_BPF_H

#include <bombus/span.bpf.h>
#include <bombus/trace.h>

_Static_assert(sizeof(struct bombus_span) == 120, "as the library has it");

struct bombus_user_span {
	struct span_base span_base;
	char span_name[BOMBUS_SPAN_NAME_SIZE];
	char service[16];
	enum bombus_span_kind span_kind;
	enum bombus_span_status span_status;
	struct {
		pid_t pid;
	} process;
	struct {
		pid_t id;
	} thread;
};

BOMBUS_SPANS(user_spans, struct bombus_user_span, 1 << 20)
BOMBUS_HELP("spans of the traced programs themselves");

/* Hands over one of the program's spans, by its address. A span that cannot be read is counted as
 * lost. */
static __always_inline void bombus_user_span(__u64 address)
{
	struct bombus_user_span *s;
	struct bombus_span span;

	if (bpf_probe_read_user(&span, sizeof(span), (const void *)address)) {
		bombus_lost(&user_spans);
		return;
	}
	s = bombus_reserve(&user_spans, sizeof(*s));
	if (!s)
		return;
	__builtin_memcpy(s->span_base.trace_id, span.trace_id, sizeof(span.trace_id));
	__builtin_memcpy(s->span_base.span_id, span.span_id, sizeof(span.span_id));
	__builtin_memcpy(s->span_base.parent_span_id, span.parent_span_id,
			 sizeof(span.parent_span_id));
	s->span_base.span_monotonic_timestamp_ns = span.start_ns;
	s->span_base.span_duration_ns = span.duration_ns;
	s->span_base.trace_flags = span.flags;
	__builtin_memcpy(s->span_name, span.name, sizeof(s->span_name));
	s->span_name[sizeof(s->span_name) - 1] = '\0';
	bpf_get_current_comm(s->service, sizeof(s->service));
	s->span_kind = span.kind;
	s->span_status = span.status;
	s->process.pid = bpf_get_current_pid_tgid() >> 32;
	s->thread.id = (__u32)bpf_get_current_pid_tgid();
	bpf_ringbuf_submit(s, 0);
}

/*
 * The threads that work for a span, in `followed_threads` by thread id, each until it says
 * otherwise or ends. Programs that are filtered out are not followed, nor are their spans shown.
 */
#define BOMBUS_FOLLOW_THREADS                                                                      \
	BOMBUS_PARENTS(followed_threads, __u32, 16384)                                             \
	BOMBUS_HELP("spans that threads work for, by thread id");                                  \
                                                                                                   \
	SEC("usdt/:bombus:trace")                                                                  \
	int BPF_USDT(on_trace, __u64 what, __u64 subject, __u64 hi, __u64 lo, __u64 span,          \
		     __u64 flags)                                                                  \
	{                                                                                          \
		__u32 tid = (__u32)bpf_get_current_pid_tgid();                                     \
                                                                                                   \
		if (bombus_filtered())                                                             \
			return 0;                                                                  \
		if (what == BOMBUS_TRACE_THREAD) {                                                 \
			if (!bombus_parent_set(&followed_threads, &tid, hi, lo, span, flags) &&    \
			    (hi | lo))                                                             \
				bombus_lost(&user_spans);                                          \
		} else if (what == BOMBUS_TRACE_SPAN)                                              \
			bombus_user_span(subject);                                                 \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	/* Its id may be another's a moment later. */                                              \
	SEC("tp_btf/sched_process_exit")                                                           \
	int BPF_PROG(on_thread_exit, struct task_struct *task)                                     \
	{                                                                                          \
		__u32 tid = task->pid;                                                             \
                                                                                                   \
		bombus_parent_clear(&followed_threads, &tid);                                      \
		return 0;                                                                          \
	}                                                                                          \
	struct bombus__follow_threads /* for the semicolon behind it */

#endif
