// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/stream.h"

#include <sys/mman.h>
#include "base/util.h"

#define MAX_CHUNKS 32u
#define MIN_CHUNKS 4u
#define WORD_BITS 64u

/* A slot: the time, the key, the value. A note has its kind and count there. */
struct slot {
	uint64_t time_ns;
	uint8_t bytes[];
};

struct note {
	uint64_t count;
	uint64_t kind;
};

struct chunk {
	uint64_t first; /* number of its first slot */
	uint8_t *slots;
	uint64_t *notes;  /* a bit per slot */
	uint64_t *hits;	  /* those that match the filter */
	uint32_t count;	  /* slots in use */
	uint32_t nnotes;  /* of them */
	uint32_t checked; /* of them, that the filter has checked */
	uint32_t nhits;
};

struct stream {
	const struct map_plan *map;
	uint32_t key_bytes, value_bytes, value_at, slot_bytes;
	uint32_t slots; /* of a chunk */
	uint32_t nchunks;
	uint8_t *memory;
	size_t memory_bytes;
	struct chunk chunks[MAX_CHUNKS];
	uint8_t order[MAX_CHUNKS]; /* chunks in use, oldest first */
	uint32_t used;
	uint32_t frozen; /* of them, at the beginning, frozen; 0: not frozen */
	uint64_t skipped;
	struct chunk *last;
	uint64_t next; /* number of the next slot */
	uint64_t records, newest_ns;
	bool full;
	stream_match *match;
	void *ctx;
};

static struct chunk *chunk_at(const struct stream *s, uint32_t i)
{
	return (struct chunk *)&s->chunks[s->order[i]];
}

static struct slot *slot_at(const struct stream *s, const struct chunk *chunk, uint32_t i)
{
	return (struct slot *)(chunk->slots + (size_t)i * s->slot_bytes);
}

static bool test_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / WORD_BITS] >> i % WORD_BITS & 1;
}

static void set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / WORD_BITS] |= 1ull << i % WORD_BITS;
}

static uint32_t words(const struct stream *s)
{
	return (s->slots + WORD_BITS - 1) / WORD_BITS;
}

struct stream *stream_new(const struct map_plan *map, uint64_t max_bytes)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	size_t payload;

	s->map = map;
	s->key_bytes = map->has_key ? map->key.size_bytes : 0;
	s->value_bytes = map->value.size_bytes;
	s->value_at = (s->key_bytes + 7) & ~7u;
	payload = MAX((size_t)s->value_at + s->value_bytes, sizeof(struct note));
	s->slot_bytes = (uint32_t)((sizeof(struct slot) + payload + 7) & ~(size_t)7);
	s->nchunks = (uint32_t)MAX(MIN(max_bytes / s->slot_bytes / MIN_CHUNKS, MAX_CHUNKS),
				   (uint64_t)MIN_CHUNKS);
	s->slots = (uint32_t)MAX(max_bytes / s->nchunks / s->slot_bytes, (uint64_t)1);
	s->memory_bytes = (size_t)s->nchunks * s->slots * s->slot_bytes;
	/* Pages that were never written use no memory. */
	s->memory = mmap(NULL, s->memory_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->memory == MAP_FAILED)
		s->memory =
			xcalloc(SIZE_MAX, 2); /* fails, and ends the program for lack of memory */
	for (uint32_t i = 0; i < s->nchunks; i++) {
		s->chunks[i].slots = s->memory + (size_t)i * s->slots * s->slot_bytes;
		s->chunks[i].notes = xcalloc(words(s), sizeof(uint64_t));
		s->chunks[i].hits = xcalloc(words(s), sizeof(uint64_t));
	}
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nchunks; i++) {
		free(s->chunks[i].notes);
		free(s->chunks[i].hits);
	}
	munmap(s->memory, s->memory_bytes);
	free(s);
}

/* The chunk to drop: the oldest frozen one while frozen chunks are more than half of the ring, else
 * the oldest of the others. */
static uint32_t victim(const struct stream *s)
{
	return s->frozen && s->frozen <= s->nchunks / 2 ? s->frozen : 0;
}

static void drop_chunk(struct stream *s, uint32_t at)
{
	const struct chunk *chunk = chunk_at(s, at);

	s->full = true;
	if (s->frozen && at == s->frozen)
		s->skipped += chunk->count - chunk->nnotes;
	else if (at < s->frozen)
		s->frozen--;
	s->used--;
	memmove(&s->order[at], &s->order[at + 1], s->used - at);
}

static uint8_t spare_chunk(const struct stream *s)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < s->used; i++)
		taken |= 1u << s->order[i];
	return (uint8_t)__builtin_ctz(~taken);
}

static void __attribute__((noinline)) new_chunk(struct stream *s)
{
	struct chunk *chunk;

	if (s->used == s->nchunks)
		drop_chunk(s, victim(s));
	s->order[s->used] = spare_chunk(s);
	chunk = s->last = chunk_at(s, s->used++);
	memset(chunk->notes, 0, words(s) * sizeof(uint64_t));
	memset(chunk->hits, 0, words(s) * sizeof(uint64_t));
	chunk->first = s->next;
	chunk->count = chunk->nnotes = chunk->checked = chunk->nhits = 0;
}

static inline struct slot *next_slot(struct stream *s)
{
	if (unlikely(!s->last || s->last->count == s->slots))
		new_chunk(s);
	s->next++;
	return slot_at(s, s->last, s->last->count++);
}

void stream_put(struct stream *s, const struct record *record)
{
	struct slot *slot = next_slot(s);

	slot->time_ns = s->newest_ns = record->time_ns;
	if (s->key_bytes && record->part[PART_KEY])
		memcpy(slot->bytes, record->part[PART_KEY], s->key_bytes);
	else if (s->key_bytes)
		memset(slot->bytes, 0, s->key_bytes);
	memcpy(slot->bytes + s->value_at, record->part[PART_VALUE], s->value_bytes);
	s->records++;
}

static void make_note(const struct stream *s, struct chunk *chunk, uint32_t i,
		      enum stream_note kind, uint64_t count, uint64_t time_ns)
{
	struct note note = { .count = count, .kind = kind };
	struct slot *slot = slot_at(s, chunk, i);

	slot->time_ns = time_ns;
	memcpy(slot->bytes, &note, sizeof(note));
	set_bit(chunk->notes, i);
	chunk->nnotes++;
}

void stream_note(struct stream *s, enum stream_note kind, uint64_t count, uint64_t time_ns)
{
	next_slot(s);
	make_note(s, s->last, s->last->count - 1, kind, count, time_ns);
}

void stream_freeze(struct stream *s, bool on)
{
	struct chunk *first;

	if (on == (s->frozen > 0))
		return;
	if (on) {
		/* New records start a chunk of their own, even if there are none before. */
		if (!s->used)
			new_chunk(s);
		s->frozen = s->used;
		s->skipped = 0;
		s->last = NULL;
		return;
	}
	/* The note with the number of missing records takes the place of the first record after the
	 * gap. */
	if (s->skipped && s->frozen < s->used) {
		first = chunk_at(s, s->frozen);
		if (!test_bit(first->notes, 0))
			make_note(s, first, 0, NOTE_SKIPPED, s->skipped + 1,
				  slot_at(s, first, 0)->time_ns);
	}
	s->frozen = 0;
	s->skipped = 0;
	s->last = chunk_at(s, s->used - 1);
}

/* Copies the slots of some chunks, of which the ring drops the oldest where it is too small. */
static void copy_chunks(struct stream *to, const struct stream *from, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		const struct chunk *chunk = chunk_at(from, i);

		for (uint32_t k = 0; k < chunk->count; k++) {
			if (to->next != chunk->first + k)
				to->last = NULL; /* numbers of a chunk have no gaps */
			to->next = chunk->first + k;
			memcpy(next_slot(to), slot_at(from, chunk, k), from->slot_bytes);
			if (!test_bit(chunk->notes, k))
				continue;
			set_bit(to->last->notes, to->last->count - 1);
			to->last->nnotes++;
		}
	}
}

void stream_resize(struct stream *s, uint64_t max_bytes)
{
	struct stream *to = stream_new(s->map, max_bytes), swap;

	copy_chunks(to, s, 0, s->frozen ? s->frozen : s->used);
	if (s->frozen) {
		if (!to->used)
			new_chunk(to);
		to->frozen = to->used;
		to->skipped = s->skipped;
		to->last = NULL;
		copy_chunks(to, s, s->frozen, s->used);
	}
	if (to->next != s->next)
		to->last = NULL;
	to->next = s->next;
	to->records = s->records;
	to->newest_ns = s->newest_ns;
	to->full |= s->full;
	to->match = s->match;
	to->ctx = s->ctx;
	swap = *s;
	*s = *to;
	s->last = to->last ? &s->chunks[to->last - to->chunks] : NULL;
	*to = swap;
	stream_free(to);
}

/* Filter. */

void stream_filter(struct stream *s, stream_match *match, void *ctx)
{
	s->match = match;
	s->ctx = ctx;
	for (uint32_t i = 0; i < s->used; i++) {
		struct chunk *chunk = chunk_at(s, i);

		memset(chunk->hits, 0, words(s) * sizeof(uint64_t));
		chunk->checked = chunk->nhits = 0;
	}
}

static uint32_t visible(const struct stream *s)
{
	return s->frozen ? s->frozen : s->used;
}

static void record_of(const struct stream *s, const struct slot *slot, struct record *ret)
{
	*ret = (struct record){ .map = s->map,
				.part = { s->map->has_key ? slot->bytes : NULL,
					  slot->bytes + s->value_at },
				.value_bytes = s->value_bytes,
				.time_ns = slot->time_ns };
}

bool stream_check(struct stream *s, uint64_t max)
{
	struct record record;

	for (uint32_t i = 0; s->match && i < visible(s); i++) {
		struct chunk *chunk = chunk_at(s, i);

		for (; chunk->checked < chunk->count; chunk->checked++) {
			uint32_t at = chunk->checked;

			if (!max--)
				return false;
			record_of(s, slot_at(s, chunk, at), &record);
			if (!test_bit(chunk->notes, at) && !s->match(s->ctx, &record))
				continue;
			set_bit(chunk->hits, at);
			chunk->nhits++;
		}
	}
	return true;
}

/* Positions. */

static uint32_t shown_of(const struct stream *s, const struct chunk *chunk)
{
	return s->match ? chunk->nhits : chunk->count;
}

uint64_t stream_shown(const struct stream *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < visible(s); i++)
		n += shown_of(s, chunk_at(s, i));
	return n;
}

/* The position of the n-th set bit. */
static uint32_t nth_bit(const uint64_t *bits, uint32_t n)
{
	uint32_t w = 0, here;
	uint64_t word;

	while ((here = (uint32_t)__builtin_popcountll(bits[w])) <= n) {
		n -= here;
		w++;
	}
	for (word = bits[w]; n; n--)
		word &= word - 1;
	return w * WORD_BITS + (uint32_t)__builtin_ctzll(word);
}

static uint32_t bits_before(const uint64_t *bits, uint32_t end)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < end / WORD_BITS; w++)
		n += (uint32_t)__builtin_popcountll(bits[w]);
	if (end % WORD_BITS)
		n += (uint32_t)__builtin_popcountll(bits[end / WORD_BITS] &
						    ((1ull << end % WORD_BITS) - 1));
	return n;
}

static enum stream_note read_slot(const struct stream *s, const struct chunk *chunk, uint32_t place,
				  struct record *ret, uint64_t *ret_count)
{
	const struct slot *slot = slot_at(s, chunk, place);
	struct note note;

	record_of(s, slot, ret);
	if (!test_bit(chunk->notes, place))
		return NOTE_NONE;
	memcpy(&note, slot->bytes, sizeof(note));
	*ret_count = note.count;
	return (enum stream_note)note.kind;
}

enum stream_note stream_at(const struct stream *s, uint64_t at, struct record *ret,
			   uint64_t *ret_number, uint64_t *ret_count)
{
	const struct chunk *chunk = chunk_at(s, 0);
	uint32_t place;

	for (uint32_t i = 1; i < visible(s) && at >= shown_of(s, chunk); i++) {
		at -= shown_of(s, chunk);
		chunk = chunk_at(s, i);
	}
	place = s->match ? nth_bit(chunk->hits, (uint32_t)at) : (uint32_t)at;
	*ret_number = chunk->first + place;
	return read_slot(s, chunk, place, ret, ret_count);
}

bool stream_next(const struct stream *s, struct stream_walk *walk, struct record *ret,
		 enum stream_note *ret_note, uint64_t *ret_count)
{
	while (walk->chunk < s->used && walk->slot >= chunk_at(s, walk->chunk)->count)
		*walk = (struct stream_walk){ .chunk = walk->chunk + 1 };
	if (walk->chunk >= s->used)
		return false;
	*ret_note = read_slot(s, chunk_at(s, walk->chunk), walk->slot++, ret, ret_count);
	return true;
}

bool stream_record(const struct stream *s, uint64_t number, struct record *ret)
{
	for (uint32_t i = 0; i < s->used; i++) {
		const struct chunk *chunk = chunk_at(s, i);

		if (number < chunk->first || number - chunk->first >= chunk->count)
			continue;
		record_of(s, slot_at(s, chunk, (uint32_t)(number - chunk->first)), ret);
		return !test_bit(chunk->notes, (uint32_t)(number - chunk->first));
	}
	return false;
}

bool stream_find(const struct stream *s, uint64_t number, uint64_t *ret)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < visible(s); i++) {
		const struct chunk *chunk = chunk_at(s, i);
		uint32_t place = (uint32_t)(number - chunk->first);

		if (number < chunk->first) {
			*ret = before;
			return false;
		}
		if (number < chunk->first + chunk->count) {
			*ret = before + (s->match ? bits_before(chunk->hits, place) : place);
			return !s->match || test_bit(chunk->hits, place);
		}
		before += shown_of(s, chunk);
	}
	*ret = before;
	return false;
}

struct stream_stats stream_stats(const struct stream *s)
{
	struct stream_stats ret = { .records = s->records,
				    .next = s->next,
				    .newest_ns = s->newest_ns,
				    .max_bytes = s->memory_bytes,
				    .full = s->full };

	for (uint32_t i = 0; i < s->used; i++) {
		const struct chunk *chunk = chunk_at(s, i);

		ret.kept += chunk->count - chunk->nnotes;
		ret.used_bytes += (uint64_t)chunk->count * s->slot_bytes;
	}
	if (s->used && chunk_at(s, 0)->count) {
		ret.first = chunk_at(s, 0)->first;
		ret.oldest_ns = slot_at(s, chunk_at(s, 0), 0)->time_ns;
	}
	return ret;
}
