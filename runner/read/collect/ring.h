/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's side of a BPF ring buffer, read where it stands: nothing is copied and no system
 * call is made while there are records.
 *
 * Two mappings: one page with the consumer's position, which is ours to write; then a page with
 * the producer's position and the data. The kernel has the data twice in a row, so that no record
 * wraps; pages mapped twice count twice as resident, so of the second round only RING_TAIL_BYTES
 * are mapped until a record reaches beyond. A record is 8 bytes of header (length, of which two
 * bits say "not yet committed" and "discarded"; the rest is the kernel's) and the data, padded
 * to 8.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_RING_H
#define BOMBUS_RUNNER_READ_COLLECT_RING_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include "base/util.h"

struct err;

/* So far ahead the next records are asked for from memory, which a full ring has long left the
 * caches for. Not beyond what is written: the line is the producer's. */
#define RING_AHEAD_BYTES 2048

#define RING_TAIL_BYTES (64u << 10)

struct ring {
	const uint8_t *data;
	unsigned long mask;
	unsigned long reach;	/* bytes of data that are mapped */
	unsigned long pos;	/* of the next record */
	unsigned long next;	/* behind the record that ring_peek() gave */
	unsigned long seen;	/* the producer's position when last looked at */
	unsigned long released; /* position that the kernel knows */
	unsigned long step;	/* bytes after which the kernel gets the position */
	unsigned long *consumer;
	const unsigned long *producer;
	size_t page_bytes;
	int map_fd; /* borrowed */
	struct ring_view {
		void *at;
		size_t bytes;
	} views[2]; /* of the producer's page and the data; the second maps all of it */
};

int ring_open(struct ring *ring, int map_fd, struct err *err);
void ring_close(struct ring *ring); /* a zeroed one is fine */

/* Maps the data's second round whole. What was given before stays valid. False: no memory; the
 * record stays where it is, to be tried again. */
bool ring_reach_all(struct ring *ring);

/* Gives the room of what was read back to the kernel. Before sleeping, and after a batch. */
static inline void ring_release(struct ring *ring)
{
	if (ring->pos == ring->released)
		return;
	ring->released = ring->pos;
	__atomic_store_n(ring->consumer, ring->pos, __ATOMIC_RELEASE);
}

/* The next record, or NULL. It stays where it is until ring_advance(). */
static inline const void *ring_peek(struct ring *ring, uint32_t *ret_len)
{
	for (;;) {
		const uint32_t *header;
		uint32_t word;

		if (ring->pos == ring->seen) {
			ring->seen = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
			if (ring->pos == ring->seen)
				return NULL;
		}
		header = (const uint32_t *)(ring->data + (ring->pos & ring->mask));
		if (ring->seen - ring->pos > RING_AHEAD_BYTES)
			__builtin_prefetch((const uint8_t *)header + RING_AHEAD_BYTES);
		word = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		if (unlikely(word & BPF_RINGBUF_BUSY_BIT))
			return NULL;
		*ret_len = word & ~BPF_RINGBUF_DISCARD_BIT;
		if (unlikely((ring->pos & ring->mask) + BPF_RINGBUF_HDR_SZ + *ret_len >
			     ring->reach)) {
			if (!ring_reach_all(ring))
				return NULL;
			header = (const uint32_t *)(ring->data + (ring->pos & ring->mask));
		}
		ring->next = ring->pos + ((*ret_len + BPF_RINGBUF_HDR_SZ + 7) & ~7ul);
		if (likely(!(word & BPF_RINGBUF_DISCARD_BIT)))
			return header + BPF_RINGBUF_HDR_SZ / sizeof(*header);
		ring->pos = ring->next;
	}
}

/* The bytes stay valid until the release. */
static inline void ring_advance(struct ring *ring)
{
	ring->pos = ring->next;
}

/* A release where it is worth it. */
static inline void ring_release_some(struct ring *ring)
{
	if (unlikely(ring->pos - ring->released >= ring->step))
		ring_release(ring);
}

/* Whether something stands there, committed or not. */
static inline bool ring_empty(struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) == ring->pos;
}

#endif
