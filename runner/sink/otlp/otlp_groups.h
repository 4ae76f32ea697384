/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoded items sorted by where they come from, before they go into the queue: a request has each
 * resource once for all neighbours that share it, and a resource is several times as large as a
 * span. Items of different containers that come in turns would else have one each.
 *
 * Nothing is held for long: flush when there is nothing more to read. One thread.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_GROUPS_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_GROUPS_H

#include <stddef.h>
#include "runner/sink/otlp/otlp_queue.h"

struct otlp_groups;

/* The queue is borrowed. */
struct otlp_groups *otlp_groups_new(struct otlp_queue *queue);
void otlp_groups_free(struct otlp_groups *groups); /* what is still held is dropped */

/* The fields of one item, as they stand between otlp_queue_item() and its end. All is copied. */
void otlp_groups_add(struct otlp_groups *groups, const struct otlp_origin *origin,
		     const void *fields, size_t len);
/* Everything held goes into the queue, which may wait for room. */
void otlp_groups_flush(struct otlp_groups *groups);

#endif
