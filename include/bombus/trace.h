/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Spans of a C program, in one trace with what the kernel does for it.
 *
 *	#include <bombus/trace.h>
 *
 *	struct bombus_span request, wait;
 *
 *	if (bombus_span_start_remote(&request, getenv("TRACEPARENT"), "request") < 0)
 *		bombus_span_start(&request, NULL, "request");
 *	bombus_span_start(&wait, &request, "wait");
 *	bombus_follow_thread(&wait);		// the kernel's spans of this thread: below it
 *	...
 *	bombus_follow_thread(NULL);
 *	bombus_span_end(&wait);
 *	bombus_span_end(&request);
 *
 *	cc demo.c -lbombus-trace && bombus run sched-trace --attach on_trace=$PWD/a.out
 *
 * The program needs no exporter. The library reports spans through one USDT probe, bombus:trace, an
 * instruction that does nothing until a BPF program is attached to it. That program (see
 * <bombus/trace.bpf.h>) makes spans of the probe's arguments, next to its own, and bombus sends all
 * of them. Without an attached program a span costs only its ids and times.
 *
 * Nothing is allocated. The caller owns a span; between start and end change only its kind and its
 * status. A span may end in another thread, and any thread may call any function.
 */
#ifndef BOMBUS_TRACE_H
#define BOMBUS_TRACE_H

#ifdef __cplusplus
extern "C" {
#endif

#define BOMBUS_SPAN_NAME_SIZE 64
#define BOMBUS_SPAN_SAMPLED 1 /* in flags, as in W3C's traceparent */

/*
 * BPF programs read this layout; it is the same on every machine. The constants of kind and status
 * are OpenTelemetry's.
 */
struct bombus_span {
	unsigned char trace_id[16];
	unsigned char span_id[8];
	unsigned char parent_span_id[8]; /* zero: the root of its trace */
	unsigned long long start_ns;	 /* CLOCK_MONOTONIC */
	unsigned long long duration_ns;	 /* 0 until it ends */
	unsigned int flags;		 /* BOMBUS_SPAN_SAMPLED */
	unsigned char kind;   /* 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
	unsigned char status; /* 0 unset, 1 good, 2 error */
	unsigned char reserved[2];
	char name[BOMBUS_SPAN_NAME_SIZE]; /* with its NUL */
};

/* The probe is bombus:trace(what, subject, trace id's first 8 bytes, its last 8, span id, flags).
 * Ids are numbers that stand in memory as the bytes do. A trace id of 0: no span any more. */
enum bombus_trace_what {
	BOMBUS_TRACE_THREAD = 1, /* this thread works for the span; the subject is 0 */
	BOMBUS_TRACE_SOCKET = 2, /* the socket works for it; the subject is its descriptor */
	BOMBUS_TRACE_SPAN = 3, /* it has ended; the subject is the address of struct bombus_span */
};

#ifndef __bpf__

/* "00-", 32 digits, "-", 16 digits, "-", 2 digits and a NUL. */
#define BOMBUS_TRACEPARENT_SIZE 56

/* Starts a span: below its parent and sampled as the parent is, or as the sampled root of a new
 * trace where parent is NULL. A name that is too long is cut between characters (UTF-8); NULL is
 * "". */
void bombus_span_start(struct bombus_span *span, const struct bombus_span *parent,
		       const char *name);

/* As bombus_span_start() below a remote span, by the header `traceparent` (W3C Trace Context). -1,
 * without starting anything, where the text is NULL or not such a header. */
int bombus_span_start_remote(struct bombus_span *span, const char *traceparent, const char *name);

/* Ends the span and reports it, if it is sampled, to the attached BPF program. */
void bombus_span_end(struct bombus_span *span);

/* Writes the `traceparent` header with which another service continues the span. */
void bombus_traceparent(const struct bombus_span *span, char text[BOMBUS_TRACEPARENT_SIZE]);

/* From here on, kernel events of this thread, or of a TCP socket in any thread, belong to this span;
 * with NULL or a span that is not sampled, to none. Call them again before the span ends: the BPF
 * program does not notice that a span has ended. */
void bombus_follow_thread(const struct bombus_span *span);
void bombus_follow_socket(int fd, const struct bombus_span *span);

#endif /* __bpf__ */

#ifdef __cplusplus
}
#endif

#endif
