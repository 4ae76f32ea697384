/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends one signal's requests, from its queue to its receiver, in a thread of its own: compresses,
 * frames for gRPC, tries again with growing pauses (or after the receiver's), divides requests that
 * are too large, follows redirects, and logs failures once a minute at most.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_SEND_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_SEND_H

#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_queue.h"

/* Of gRPC: a flag and a length before each message. */
#define OTLP_GRPC_PREFIX 5

struct otlp_sender_opts {
	enum otlp_signal signal;
	const struct otlp_target *target; /* borrowed, as the queue is */
	struct otlp_queue *queue;	  /* prefix_bytes as the protocol needs it */
	/* Called every interval_ns while nothing waits to be sent, and once more at the end: writes
	 * into the queue. NULL: others do. */
	void (*fill)(void *ctx);
	void *ctx;
	uint64_t interval_ns;
	uint64_t give_up_ns; /* a request is dropped after so long, room or not; 0: see the queue */
};

struct otlp_sender;

/* Fails for files and libraries that cannot be read or loaded; the thread comes later. */
int otlp_sender_new(struct otlp_sender **ret, const struct otlp_sender_opts *opts, struct err *err);
int otlp_sender_start(struct otlp_sender *sender, struct err *err);
/* Closes the queue and sends what is in it until deadline_ns (monotonic); call it for
 * all senders before the first otlp_sender_wait(). */
void otlp_sender_finish(struct otlp_sender *sender, uint64_t deadline_ns);
void otlp_sender_wait(struct otlp_sender *sender); /* never started: nothing */
void otlp_sender_free(struct otlp_sender *sender); /* after otlp_sender_wait() */

#endif
