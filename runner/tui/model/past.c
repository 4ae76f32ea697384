// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/past.h"

#include <sys/mman.h>
#include "base/util.h"

#define SWEEP_MAX_BYTES (64u << 20)
#define VARINT_ROOM 10

struct past {
	const struct metric_plan *plan;
	struct strbuf now; /* the sweep that is going on */
	uint32_t slot;	   /* of the last entry */
	uint8_t *ring;
	size_t ring_bytes, head, used;
	struct past_step *steps; /* a ring of `room`, from `first` on */
	uint32_t room, first, count;
};

struct past *past_new(const struct metric_plan *plan, uint64_t max_bytes)
{
	struct past *past = xcalloc(1, sizeof(*past));

	past->plan = plan;
	past->ring_bytes = (size_t)max_bytes;
	strbuf_init(&past->now, SWEEP_MAX_BYTES);
	/* Pages that were never written use no memory. */
	past->ring = mmap(NULL, MAX(past->ring_bytes, (size_t)1), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (past->ring == MAP_FAILED) {
		past->ring = NULL;
		past->ring_bytes = 0; /* no history then */
	}
	return past;
}

void past_free(struct past *past)
{
	if (!past)
		return;
	if (past->ring)
		munmap(past->ring, MAX(past->ring_bytes, (size_t)1));
	strbuf_release(&past->now);
	free(past->steps);
	free(past);
}

/* Recording. */

static void put(struct past *past, uint64_t value)
{
	char bytes[VARINT_ROOM];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (char)(value | 0x80);
	bytes[n++] = (char)value;
	strbuf_add(&past->now, bytes, n);
}

static uint64_t zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void begin(struct past *past, enum past_kind kind, uint32_t slot)
{
	put(past, zigzag((int64_t)slot - past->slot) << 3 | kind);
	past->slot = slot;
}

void past_update(struct past *past, uint32_t slot, const struct row *row, const union cell *before,
		 const union cell *now)
{
	uint32_t differ = 0, last = 0;

	begin(past, PAST_UPDATE, slot);
	put(past, row->sample);
	for (uint32_t i = 0; i < past->plan->ncells; i++)
		differ += now[i].u != before[i].u;
	put(past, differ);
	for (uint32_t i = 0; i < past->plan->ncells; i++) {
		if (now[i].u == before[i].u)
			continue;
		put(past, i - last);
		put(past, zigzag((int64_t)(now[i].u - before[i].u)));
		last = i;
	}
}

void past_new_row(struct past *past, uint32_t slot, bool from_zero)
{
	begin(past, from_zero ? PAST_NEW_FROM_ZERO : PAST_NEW, slot);
}

void past_gone(struct past *past, uint32_t slot, const struct row *row)
{
	begin(past, PAST_GONE, slot);
	put(past, row->sample);
}

void past_drop(struct past *past, uint32_t slot, const struct row *row, const uint8_t *key,
	       const union cell *cells)
{
	begin(past, PAST_DROP, slot);
	put(past, row->sample);
	put(past, row->born);
	put(past, row->overflow);
	put(past, row->id);
	strbuf_add(&past->now, (const char *)key, past->plan->key_bytes);
	for (uint32_t i = 0; i < past->plan->ncells; i++)
		put(past, cells[i].u);
}

static void forget_oldest(struct past *past)
{
	past->used -= past->steps[past->first].bytes;
	past->first = (past->first + 1) % past->room;
	past->count--;
}

/* Makes `bytes` bytes at the head free, all in one piece. */
static void make_room(struct past *past, size_t bytes)
{
	const struct past_step *oldest;

	if (past->head + bytes > past->ring_bytes) {
		/* Steps between the head and the end are the oldest. */
		while (past->count && past->steps[past->first].at >= past->head)
			forget_oldest(past);
		past->head = 0;
	}
	while (past->count) {
		oldest = &past->steps[past->first];
		if (oldest->at < past->head || oldest->at >= past->head + bytes)
			break;
		forget_oldest(past);
	}
}

static void grow_steps(struct past *past)
{
	uint32_t room = past->room ? past->room * 2 : 64;
	struct past_step *steps = xcalloc(room, sizeof(*steps));

	for (uint32_t i = 0; i < past->count; i++)
		steps[i] = past->steps[(past->first + i) % past->room];
	free(past->steps);
	past->steps = steps;
	past->room = room;
	past->first = 0;
}

void past_swept(struct past *past, const struct past_step *step)
{
	/* A step in its ring takes the room of its index too, so that idle hours stay bounded. */
	size_t bytes = past->now.len + sizeof(*step);
	struct past_step *kept;

	past->slot = 0;
	if (past->now.full || bytes > past->ring_bytes) {
		/* What is kept must have no gap. */
		while (past->count)
			forget_oldest(past);
		past->head = 0;
		strbuf_reset(&past->now);
		return;
	}
	make_room(past, bytes);
	if (past->count == past->room)
		grow_steps(past);
	kept = &past->steps[(past->first + past->count++) % past->room];
	*kept = *step;
	kept->at = past->head;
	kept->bytes = bytes;
	memcpy(past->ring + past->head, strbuf_str(&past->now), past->now.len);
	past->head += bytes;
	past->used += bytes;
	strbuf_reset(&past->now);
}

/* Reading. */

uint32_t past_steps(const struct past *past)
{
	return past->count;
}

const struct past_step *past_step(const struct past *past, uint32_t i)
{
	return &past->steps[(past->first + i) % past->room];
}

uint64_t past_used_bytes(const struct past *past)
{
	return past->used;
}

void past_read(struct past_reader *ret, const struct past *past, uint32_t i)
{
	const struct past_step *step = past_step(past, i);

	*ret = (struct past_reader){ .plan = past->plan, .at = past->ring + step->at };
	ret->end = ret->at + step->bytes - sizeof(*step);
}

static uint64_t take(struct past_reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

bool past_next(struct past_reader *r, struct past_entry *ret)
{
	uint64_t head;

	if (r->at == r->end)
		return false;
	head = take(r);
	r->slot += (uint32_t)unzigzag(head >> 3);
	r->cell = 0;
	*ret = (struct past_entry){ .kind = head & 7, .slot = r->slot };
	if (ret->kind == PAST_NEW || ret->kind == PAST_NEW_FROM_ZERO)
		return true;
	ret->sample = (uint32_t)take(r);
	if (ret->kind == PAST_UPDATE)
		ret->ncells = (uint32_t)take(r);
	if (ret->kind != PAST_DROP)
		return true;
	ret->born = (uint32_t)take(r);
	ret->overflow = take(r);
	ret->id = take(r);
	ret->key = r->at;
	r->at += r->plan->key_bytes;
	ret->ncells = r->plan->ncells;
	return true;
}

uint32_t past_cell(struct past_reader *r, uint64_t *ret_diff)
{
	r->cell += (uint32_t)take(r);
	*ret_diff = (uint64_t)unzigzag(take(r));
	return r->cell;
}

uint64_t past_value(struct past_reader *r)
{
	return take(r);
}
