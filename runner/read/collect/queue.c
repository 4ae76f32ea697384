// SPDX-License-Identifier: Apache-2.0
/*
 * A ring of bytes; records stand in it aligned to 8, each behind a struct frame, and never wrap:
 * where one does not fit before the end, a frame without a map fills the rest. Both counters only
 * grow. Each side keeps its own counter and a copy of the other's, and publishes its progress in
 * steps, so that the shared lines do not move for each record.
 *
 * Sleeping: a side that is about to sleep sets a flag and looks once more; a side that made
 * progress checks the other's flag. A full fence on both sides makes sure that one of them sees the
 * other.
 */
#include "runner/read/collect/queue.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/bell.h"
#include "base/util.h"

#define LINE 64
#define MIN_BYTES 4096
#define LARGEST_RECORDS 4 /* so many of the largest records fit */
#define STEP_PART 16	  /* progress is published after this part of the ring */
#define NO_MAP UINT32_MAX

struct frame {
	uint32_t len; /* with this header, a multiple of 8 */
	uint32_t map; /* index in the plan; NO_MAP: nothing, go to the ring's start */
	uint32_t key_bytes, value_bytes;
	uint64_t time_ns;
};

/* The two sides do not share lines. */
struct queue { /* NOLINT(clang-analyzer-optin.performance.Padding) */
	const struct plan *plan;
	uint8_t *ring;
	uint64_t size, mask, step;
	int data_fd; /* wakes the reader */
	int room_fd; /* wakes the writer */

	_Alignas(LINE) _Atomic uint64_t head; /* written up to here, as the reader sees it */
	_Atomic bool closed, abandoned;
	_Atomic bool writer_waits;
	_Alignas(LINE) _Atomic uint64_t tail; /* read up to here, as the writer sees it */
	_Atomic bool reader_sleeps;

	_Alignas(LINE) uint64_t my_head, seen_tail; /* the writer's */
	_Alignas(LINE) uint64_t my_tail, seen_head; /* the reader's */
	uint64_t next_tail;			    /* behind the record that is out */
};

static uint64_t round_8(uint64_t n)
{
	return (n + 7) & ~7ull;
}

static uint64_t frame_bytes(uint32_t key_bytes, uint32_t value_bytes)
{
	return sizeof(struct frame) + round_8(key_bytes) + round_8(value_bytes);
}

struct queue *queue_new(const struct plan *plan, size_t size_bytes)
{
	struct queue *q = aligned_alloc(LINE, sizeof(*q));
	uint64_t least = MIN_BYTES, size;

	if (!q)
		q = xmalloc(SIZE_MAX); /* ends the program as every lack of memory does */
	*q = (struct queue){ .plan = plan };
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		uint32_t key = map->has_key ? map->key.size_bytes : 0;
		uint64_t bytes = frame_bytes(MAX(key, map->key_bytes), map->value.size_bytes);

		least = MAX(least, LARGEST_RECORDS * bytes);
	}
	for (size = MIN_BYTES; size < size_bytes || size < least;)
		size *= 2;
	q->size = size;
	q->mask = size - 1;
	q->step = size / STEP_PART;
	q->ring = xcalloc(1, size);
	q->data_fd = bell_new();
	q->room_fd = bell_new();
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	close_fd(&q->data_fd);
	close_fd(&q->room_fd);
	free(q->ring);
	free(q);
}

/* The most that a record of so many bytes can take, with what is left empty at the end. */
static bool has_room(struct queue *q, uint64_t bytes)
{
	uint64_t at = q->my_head & q->mask;
	uint64_t need = q->size - at >= bytes ? bytes : q->size - at + bytes;

	if (likely(q->size - (q->my_head - q->seen_tail) >= need))
		return true;
	q->seen_tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	return q->size - (q->my_head - q->seen_tail) >= need;
}

/* Says that room is wanted, and looks once more. */
static bool wait_for_room(struct queue *q, uint64_t bytes)
{
	if (has_room(q, bytes))
		return true;
	/* The reader can only make room of records that it sees. */
	atomic_store_explicit(&q->head, q->my_head, memory_order_release);
	atomic_store_explicit(&q->writer_waits, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!has_room(q, bytes))
		return false;
	atomic_store_explicit(&q->writer_waits, false, memory_order_relaxed);
	return true;
}

bool queue_has_room(const struct queue *queue, uint32_t key_bytes, uint32_t value_bytes)
{
	return wait_for_room((struct queue *)queue, frame_bytes(key_bytes, value_bytes)) ||
	       atomic_load_explicit(&queue->abandoned, memory_order_relaxed);
}

static uint32_t record_key_bytes(const struct record *record)
{
	const struct map_plan *map = record->map;

	if (!record->part[PART_KEY])
		return 0;
	return MAX(map->key_bytes, map->has_key ? map->key.size_bytes : 0);
}

bool queue_put(struct queue *q, const struct record *record)
{
	uint32_t key_bytes = record_key_bytes(record);
	uint64_t bytes = frame_bytes(key_bytes, record->value_bytes);
	uint64_t at = q->my_head & q->mask;
	struct frame *frame;
	uint8_t *to;

	if (unlikely(!wait_for_room(q, bytes)))
		return atomic_load_explicit(&q->abandoned, memory_order_relaxed);
	if (unlikely(q->size - at < bytes)) {
		/* Not always a whole frame, but its first two numbers fit. */
		frame = (struct frame *)(q->ring + at);
		frame->len = (uint32_t)(q->size - at);
		frame->map = NO_MAP;
		q->my_head += q->size - at;
		at = 0;
	}
	frame = (struct frame *)(q->ring + at);
	*frame = (struct frame){
		.len = (uint32_t)bytes,
		.map = record->map->index,
		.key_bytes = key_bytes,
		.value_bytes = record->value_bytes,
		.time_ns = record->time_ns,
	};
	to = (uint8_t *)(frame + 1);
	if (key_bytes) {
		memcpy(to, record->part[PART_KEY], key_bytes);
		to += round_8(key_bytes);
	}
	memcpy(to, record->part[PART_VALUE], record->value_bytes);
	q->my_head += bytes;
	if (q->my_head - atomic_load_explicit(&q->head, memory_order_relaxed) >= q->step)
		atomic_store_explicit(&q->head, q->my_head, memory_order_release);
	return true;
}

void queue_publish(struct queue *q)
{
	atomic_store_explicit(&q->head, q->my_head, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&q->reader_sleeps, memory_order_relaxed) &&
	    atomic_exchange_explicit(&q->reader_sleeps, false, memory_order_relaxed))
		bell_ring(q->data_fd);
}

void queue_close(struct queue *q)
{
	atomic_store_explicit(&q->head, q->my_head, memory_order_release);
	atomic_store_explicit(&q->closed, true, memory_order_seq_cst);
	bell_ring(q->data_fd);
}

/* Tells the writer; wakes it if it waits and there is room worth going on for. */
static void tell_tail(struct queue *q, bool empty)
{
	uint64_t used;

	atomic_store_explicit(&q->tail, q->my_tail, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&q->writer_waits, memory_order_relaxed))
		return;
	used = atomic_load_explicit(&q->head, memory_order_relaxed) - q->my_tail;
	if (!empty && used > q->size / 2)
		return;
	if (atomic_exchange_explicit(&q->writer_waits, false, memory_order_relaxed))
		bell_ring(q->room_fd);
}

/* Whether something stands at my_tail. */
static bool something_there(struct queue *q)
{
	if (likely(q->my_tail != q->seen_head))
		return true;
	q->seen_head = atomic_load_explicit(&q->head, memory_order_acquire);
	return q->my_tail != q->seen_head;
}

/* Gives the last record's place back. */
static void give_back(struct queue *q)
{
	q->my_tail = q->next_tail;
	if (q->my_tail - atomic_load_explicit(&q->tail, memory_order_relaxed) >= q->step)
		tell_tail(q, false);
}

bool queue_get(struct queue *q, struct record *ret)
{
	const struct frame *frame;
	const uint8_t *from;

	give_back(q);
	do {
		if (!something_there(q)) {
			tell_tail(q, true);
			return false;
		}
		frame = (const struct frame *)(q->ring + (q->my_tail & q->mask));
		q->next_tail = q->my_tail + frame->len;
		if (frame->map == NO_MAP)
			q->my_tail = q->next_tail;
	} while (frame->map == NO_MAP);
	from = (const uint8_t *)(frame + 1);
	ret->map = &q->plan->maps[frame->map];
	ret->part[PART_KEY] = frame->key_bytes ? from : NULL;
	ret->part[PART_VALUE] = from + round_8(frame->key_bytes);
	ret->value_bytes = frame->value_bytes;
	ret->time_ns = frame->time_ns;
	return true;
}

/* queue_get() gave nothing before; a record that is out stays valid. */
static bool is_idle(struct queue *q)
{
	return atomic_load_explicit(&q->head, memory_order_acquire) == q->next_tail;
}

bool queue_sleep(struct queue *q)
{
	atomic_store_explicit(&q->reader_sleeps, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return is_idle(q) && !atomic_load_explicit(&q->closed, memory_order_acquire);
}

int queue_data_fd(const struct queue *q)
{
	return q->data_fd;
}

void queue_awake(struct queue *q)
{
	atomic_store_explicit(&q->reader_sleeps, false, memory_order_relaxed);
	bell_answer(q->data_fd);
}

void queue_wait(struct queue *q, int timeout_ms)
{
	struct pollfd pfd = { .fd = q->data_fd, .events = POLLIN };

	if (queue_sleep(q))
		poll(&pfd, 1, timeout_ms);
	queue_awake(q);
}

bool queue_ended(const struct queue *queue)
{
	struct queue *q = (struct queue *)queue;

	/* In this order: what was written before the end is seen with it. */
	return atomic_load_explicit(&q->closed, memory_order_acquire) && is_idle(q);
}

void queue_abandon(struct queue *q)
{
	atomic_store_explicit(&q->abandoned, true, memory_order_relaxed);
	bell_ring(q->room_fd);
}

int queue_room_fd(const struct queue *q)
{
	return q->room_fd;
}

void queue_room_taken(struct queue *q)
{
	bell_answer(q->room_fd);
}
