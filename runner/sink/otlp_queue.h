/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items (spans, log records) on their way out: encoded one by one, straight into the request that
 * will carry them, so that nothing is kept twice. A ring of requests, each of at most batch_items;
 * the last one is being filled, the first one is being sent.
 *
 *	struct otlp_writer *w = otlp_queue_item(queue, &origin);
 *	if (w) {
 *		otlp_id(w, OTLP_KEY(1, "traceId"), ...);	// the item's fields
 *		otlp_queue_item_end(queue);
 *	}
 *
 * Bounded: max_items and OTLP_QUEUE_MAX_BYTES. When the queue is full a writer waits while the
 * other side makes room, so that the kernel's buffer is the longer queue. When the other side
 * fails or stands still nobody waits: what is new is dropped, and counted. One thread writes; one
 * sends; any reads the figures.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_QUEUE_H
#define BOMBUS_RUNNER_SINK_OTLP_QUEUE_H

#include <stdint.h>
#include "runner/sink/otlp_writer.h"

/* How a signal's request is nested, and what its fields are called. */
struct otlp_shape {
	const char *resources; /* "resourceSpans"; field 1 of the request */
	const char *scopes;    /* "scopeSpans"; field 2 */
	const char *items;     /* "spans"; field 2 */
};
extern const struct otlp_shape otlp_spans_shape, otlp_logs_shape, otlp_metrics_shape;

/* Where items come from: items of one origin stand together under one resource. */
struct otlp_origin {
	uint64_t id;	      /* equal ids have equal bytes */
	const void *resource; /* the field `resource` with its key, encoded as the request is */
	size_t resource_bytes;
};

struct otlp_queue;

/*
 * The item's message is open in the writer: write its fields, then end it. NULL: there is no room,
 * and it is counted. Between the two calls the queue is locked: look names up before.
 */
struct otlp_writer *otlp_queue_item(struct otlp_queue *queue, const struct otlp_origin *origin);
/* An item that makes the request too large is taken back, and counted. */
void otlp_queue_item_end(struct otlp_queue *queue);

#endif
