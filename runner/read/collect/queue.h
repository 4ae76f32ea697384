/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue of raw records from the collector to one sink's thread. One writer, one
 * reader, no lock: a ring of bytes with two counters. Nothing is allocated after creation.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_QUEUE_H
#define BOMBUS_RUNNER_READ_COLLECT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/read/record.h"

struct queue;

/*
 * size_bytes is rounded up to a power of two in which several of the plan's largest records have
 * room; the pages come into being when first used.
 */
struct queue *queue_new(const struct plan *plan, size_t size_bytes);
void queue_free(struct queue *queue);

/* Writer. False: no room, nothing was written. */
bool queue_put(struct queue *queue, const struct record *record);
/* True when a record of this map is sure to fit. */
bool queue_has_room(const struct queue *queue, uint32_t key_bytes, uint32_t value_bytes);
/* Wakes the reader if it sleeps; once after a batch. */
void queue_publish(struct queue *queue);
/* No more will come: the reader sees the end after the last record. */
void queue_close(struct queue *queue);

/* Reader. False: nothing there now. The record is valid until the next call. */
bool queue_get(struct queue *queue, struct record *ret);
/* Sleeps until there is something, the queue is closed, or the time is over (-1: for ever). */
void queue_wait(struct queue *queue, int timeout_ms);
/*
 * The same in steps, for a reader that waits for other things too: queue_sleep() says that it is
 * about to sleep (false: there is something, or the queue is closed), then it polls
 * queue_data_fd(), then queue_awake() in any case.
 */
bool queue_sleep(struct queue *queue);
int queue_data_fd(const struct queue *queue);
void queue_awake(struct queue *queue);
bool queue_ended(const struct queue *queue); /* closed and empty */
/* The reader takes no more: from now on all that is put is thrown away, and never in the way. */
void queue_abandon(struct queue *queue);
/*
 * Readable (EPOLLIN) for the writer's loop when the reader made room after the writer found none;
 * the writer calls queue_room_taken() then. -1: the system gave none, look again now and then.
 */
int queue_room_fd(const struct queue *queue);
void queue_room_taken(struct queue *queue);

#endif
