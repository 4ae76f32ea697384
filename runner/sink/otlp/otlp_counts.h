/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of a signal's items. At any time put = sent + queued + dropped. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_COUNTS_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_COUNTS_H

#include <stdint.h>

enum otlp_drop {
	OTLP_DROP_QUEUE_FULL,
	OTLP_DROP_TOO_LARGE,   /* one item, larger than requests or the receiver allow */
	OTLP_DROP_REJECTED,    /* the receiver takes no such request */
	OTLP_DROP_PARTIAL,     /* it took the request, but not this part of it */
	OTLP_DROP_TIMEOUT,     /* tried for longer than give_up_ns, and its room was needed */
	OTLP_DROP_UNSENT,      /* at exit */
	OTLP_DROP_UNSUPPORTED, /* only bombus' own, of a signal that the receiver does not know */
};
#define OTLP_DROPS 7
const char *otlp_drop_name(enum otlp_drop reason); /* "queue_full" */

/* Cumulative, but for `queued`. */
struct otlp_counts {
	uint64_t put, sent, queued, queued_bytes;
	uint64_t requests, retries; /* answered well; tried again */
	uint64_t splits;	    /* requests that the receiver found too large */
	uint64_t dropped[OTLP_DROPS];
	uint64_t unsampled; /* spans never put, as the sampler left them out: not the queue's figure
			     */
};

#endif
