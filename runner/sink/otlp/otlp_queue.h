/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items (spans, log records, metrics) on their way out: encoded one by one, straight into the
 * request that will carry them, so that nothing is kept twice. A ring of requests, each of at most
 * max_batch items; the last one is being filled, the first one is being sent.
 *
 *	struct otlp_writer *w = otlp_queue_item(queue, &origin);
 *	if (w) {
 *		otlp_id(w, OTLP_KEY(1, "traceId"), ...);	// the item's fields
 *		otlp_queue_item_end(queue);
 *	}
 *
 * Bounded by max_items and OTLP_QUEUE_MAX_BYTES, the request under way included. When the queue is
 * full and the receiver answers, a writer waits, so that the kernel's buffer is the longer queue.
 * When the receiver fails, or accepts nothing for OTLP_PATIENCE_NS, no writer waits: new items are
 * dropped and counted. A request that was tried for longer than give_up_ns makes room first. So at
 * any time put = sent + dropped + queued.
 *
 * One thread writes; one sends; any reads the figures.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_QUEUE_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_QUEUE_H

#include <stdint.h>
#include "runner/sink/otlp/otlp_counts.h"
#include "runner/sink/otlp/otlp_shape.h"
#include "runner/sink/otlp/otlp_writer.h"

#define OTLP_QUEUE_MAX_BYTES (64u << 20)
#define OTLP_PATIENCE_NS 1000000000ull
/* A request that is so large is sent; receivers take 4 MiB at least. */
#define OTLP_REQUEST_BYTES (1u << 20)
#define OTLP_REQUEST_MAX_BYTES ((4u << 20) - 1024)

/* Where items come from: items of one origin stand together under one resource. */
struct otlp_origin {
	uint64_t id;	      /* equal ids have equal bytes and an equal scope */
	const void *resource; /* the field `resource` with its key, encoded as the request is */
	size_t resource_bytes;
	const char *program; /* of the scope; NULL: the only one. Lives as long as its source */
};

struct otlp_queue_opts {
	const struct otlp_shape *shape;
	bool json;
	size_t prefix_bytes;	       /* zeroes before each request, for the sender to fill in */
	uint64_t max_items, max_batch; /* UINT64_MAX: only the bytes count */
	uint64_t delay_ns;	       /* a request is sent when its first item is so old */
	uint64_t give_up_ns;	       /* 0: never */
};

struct otlp_queue;

struct otlp_queue *otlp_queue_new(const struct otlp_queue_opts *opts);
void otlp_queue_free(struct otlp_queue *queue); /* no thread writes or sends any more */
struct otlp_counts otlp_queue_counts(struct otlp_queue *queue);
const char *otlp_queue_signal(const struct otlp_queue *queue); /* its shape's */

/* --- writing --------------------------------------------------------------------------------- */

/*
 * The item's message is open in the writer: write its fields, then end it. NULL: there is no room,
 * and it is counted. Between the two calls the queue is locked: look names up before.
 */
struct otlp_writer *otlp_queue_item(struct otlp_queue *queue, const struct otlp_origin *origin);
/* An item that makes the request too large is taken back, and counted. */
void otlp_queue_item_end(struct otlp_queue *queue);
/* The same for an item that counts as so many: a metric with its data points. */
void otlp_queue_item_end_as(struct otlp_queue *queue, uint64_t weight);
/* Whether later items are bombus' own: a receiver that does not know them is no loss. */
void otlp_queue_write_own(struct otlp_queue *queue, bool own);

/* No more will be written; what is there is sent without delay. Wakes the sender. */
void otlp_queue_close(struct otlp_queue *queue);

/* --- sending --------------------------------------------------------------------------------- */

struct otlp_request {
	struct strbuf body; /* whole */
	uint64_t items;
	bool is_own; /* all of it is bombus' own */
};

enum otlp_wait {
	OTLP_WAIT_REQUEST, /* *ret is to be sent, then otlp_queue_done() */
	OTLP_WAIT_TIME,	   /* until_ns has come */
	OTLP_WAIT_END,	   /* closed, and empty */
};
/* Sleeps until there is a request. until_ns is monotonic time; UINT64_MAX: no limit. */
enum otlp_wait otlp_queue_wait(struct otlp_queue *queue, uint64_t until_ns,
			       struct otlp_request **ret);
/* Sealed requests, and one being filled: none. */
bool otlp_queue_is_empty(struct otlp_queue *queue);

/* The request that was handed out is over: `sent` of its items got there, the others are counted
 * under `reason`. */
void otlp_queue_done(struct otlp_queue *queue, uint64_t sent, enum otlp_drop reason);
/* The request that was handed out is too large for the receiver: its halves take its place, and
 * later requests are sent when they are half as large. False: it cannot be divided; it is over, and
 * counted as OTLP_DROP_TOO_LARGE. */
bool otlp_queue_split(struct otlp_queue *queue);
/* It is to be tried again at until_ns: sleeps until then, or until the queue is closed. False:
 * the request is gone, its room was needed. */
bool otlp_queue_park(struct otlp_queue *queue, uint64_t until_ns);
/* Everything left is dropped as OTLP_DROP_UNSENT. */
void otlp_queue_abandon(struct otlp_queue *queue);

#endif
