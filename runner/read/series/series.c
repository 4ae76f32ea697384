// SPDX-License-Identifier: Apache-2.0
#include "runner/read/series/series_table.h"

#include <sys/random.h>
#include <xxhash.h>

#include "base/util.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define HARD_MAX (1u << 28)
#define FIRST_SLOTS 64u
#define BLOCK_BYTES (128u << 10)
#define BLOCK_ENTRIES 256u

/* The seed keeps a program that chooses its keys from choosing where they collide. */
static ALWAYS_INLINE uint32_t key_tag(const struct series *s, const void *key, uint32_t len)
{
	return (uint32_t)XXH3_64bits_withSeed(key, len, s->seed);
}

/* As memcmp() == 0, by words, the last of which may overlap the one before. */
static ALWAYS_INLINE bool key_equal(const void *a, const void *b, uint32_t len)
{
	const uint8_t *x = a, *y = b;
	uint64_t diff = 0, v, w;

	if (unlikely(len < 8)) {
		for (uint32_t i = 0; i < len; i++)
			diff |= x[i] ^ y[i];
		return !diff;
	}
#pragma GCC unroll 5
	for (uint32_t i = 0; i < len - 8; i += 8) {
		memcpy(&v, x + i, 8);
		memcpy(&w, y + i, 8);
		diff |= v ^ w;
	}
	memcpy(&v, x + len - 8, 8);
	memcpy(&w, y + len - 8, 8);
	return !(diff | (v ^ w));
}

/* The entry of this key, or 0. */
static ALWAYS_INLINE uint32_t find(const struct series *s, const void *key, uint32_t tag,
				   uint32_t len)
{
	for (uint32_t i = tag & s->mask;; i = (i + 1) & s->mask) {
		struct slot slot = s->slots[i];

		if (!slot.ref)
			return 0;
		if (slot.tag == tag && key_equal(entry_at(s, slot.ref)->data, key, len))
			return slot.ref;
	}
}

/* For one key at a time. */
__attribute__((noinline)) uint32_t series_look_up(const struct series *s, const void *key,
						  uint32_t *ret_tag)
{
	*ret_tag = key_tag(s, key, s->key_bytes);
	return find(s, key, *ret_tag, s->key_bytes);
}

static void place(struct slot *slots, uint32_t mask, struct slot slot)
{
	uint32_t i = slot.tag & mask;

	while (slots[i].ref)
		i = (i + 1) & mask;
	slots[i] = slot;
}

static void spend(struct series *s, uint64_t bytes)
{
	if (s->budget)
		s->budget->used_bytes += bytes;
	s->spent_bytes += bytes;
}

static void add_slot(struct series *s, uint32_t tag, uint32_t ref)
{
	uint32_t count = s->mask + 1;

	if (4 * (uint64_t)(s->used_slots + 1) > 3 * (uint64_t)count) {
		struct slot *bigger = xcalloc((size_t)count * 2, sizeof(*bigger));

		for (uint32_t i = 0; i < count; i++)
			if (s->slots[i].ref)
				place(bigger, 2 * count - 1, s->slots[i]);
		free(s->slots);
		spend(s, (uint64_t)count * sizeof(*bigger));
		s->slots = bigger;
		s->mask = 2 * count - 1;
	}
	place(s->slots, s->mask, (struct slot){ tag, ref });
	s->used_slots++;
}

/* Closes the gap: what stands behind it moves up unless that would be before its place. */
static void remove_slot(struct series *s, uint32_t tag, uint32_t ref)
{
	uint32_t gap = tag & s->mask;

	while (s->slots[gap].ref != ref)
		gap = (gap + 1) & s->mask;
	for (uint32_t i = (gap + 1) & s->mask; s->slots[i].ref; i = (i + 1) & s->mask) {
		uint32_t home = s->slots[i].tag & s->mask;

		if (((i - home) & s->mask) < ((i - gap) & s->mask))
			continue;
		s->slots[gap] = s->slots[i];
		gap = i;
	}
	s->slots[gap] = (struct slot){ 0 };
	s->used_slots--;
}

static size_t block_bytes(const struct series *s)
{
	return (size_t)(s->stride + sizeof(struct about)) << s->block_shift;
}

/* Room for one more, or a right to it. While slots are moved both tables are there. */
bool series_can_pay(const struct series *s)
{
	uint64_t bytes = 0, slots = (uint64_t)s->mask + 1;

	if (!s->budget)
		return true;
	if (!s->first_free && s->nentries >> s->block_shift == s->nblocks)
		bytes += block_bytes(s);
	if (4 * (uint64_t)(s->used_slots + 1) > 3 * slots)
		bytes += 2 * slots * sizeof(*s->slots);
	return s->budget->used_bytes + bytes <= s->budget->max_bytes;
}

static uint32_t take_entry(struct series *s)
{
	uint32_t ref = s->first_free;

	if (ref) {
		s->first_free = about_at(s, ref)->next_free;
		return ref;
	}
	ref = s->nentries++;
	if (ref >> s->block_shift == s->nblocks) {
		s->blocks = xreallocarray(s->blocks, s->nblocks + 1, sizeof(*s->blocks));
		s->blocks[s->nblocks++] = xcalloc(1, block_bytes(s));
		spend(s, block_bytes(s));
	}
	return ref;
}

void series_init_entry(struct series *s, uint32_t ref, const void *key, uint64_t now_ns)
{
	struct entry *e = entry_at(s, ref);
	struct about *a = about_at(s, ref);

	memset(e, 0, s->stride);
	if (key)
		memcpy(e->data, key, s->key_bytes);
	e->change_ns = now_ns;
	e->change_gen = s->gen;
	*a = (struct about){ .id = s->next_id++, .born_gen = s->gen, .state = STATE_LIVE };
}

void series_open_overflow(struct series *s, uint64_t now_ns)
{
	struct about *a = about_at(s, 0);

	if (a->state == STATE_LIVE)
		return;
	s->gone -= a->state == STATE_GONE;
	series_init_entry(s, 0, NULL, now_ns);
}

void series_add_cells(const struct metric_plan *plan, union cell *dst, const union cell *cells)
{
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		const struct family *family = &plan->families[i];
		uint32_t c = family->cell;

		if (family->type == METRIC_HISTOGRAM)
			for (uint32_t k = 0; k < family_cells(family); k++)
				dst[c + k].u += cells[c + k].u;
		else if (family->cell_type == CELL_DOUBLE)
			dst[c].d += cells[c].d;
		else
			dst[c].u += cells[c].u;
	}
}

uint32_t series_insert(struct series *s, const void *key, uint32_t tag, uint64_t now_ns)
{
	uint32_t ref = take_entry(s);

	series_init_entry(s, ref, key, now_ns);
	about_at(s, ref)->tag = tag;
	add_slot(s, tag, ref);
	s->live++;
	return ref;
}

static void free_entry(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);

	a->state = STATE_FREE;
	if (!ref) /* the overflow's is never given to a key */
		return;
	a->next_free = s->first_free;
	s->first_free = ref;
}

/* Takes it out of the slots and of the count of its state. */
static void take_out(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);

	if (!ref)
		return;
	remove_slot(s, a->tag, ref);
	s->live -= a->state == STATE_LIVE;
	s->coming -= a->state == STATE_COMING;
	s->idle -= a->state == STATE_IDLE;
}

void series_let_go(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);

	take_out(s, ref);
	a->state = STATE_GONE;
	a->rounds = 0;
	s->gone++;
	entry_at(s, ref)->change_gen = s->gen;
}

void series_drop(struct series *s, uint32_t ref)
{
	take_out(s, ref);
	free_entry(s, ref);
}

bool series_is_over(const struct series *s, const struct entry *e, uint64_t now_ns)
{
	return s->ttl_ns && now_ns > e->change_ns && now_ns - e->change_ns > s->ttl_ns;
}

void series_age_gone(struct series *s, uint32_t ref, struct about *a)
{
	if (++a->rounds < SERIES_GONE_ROUNDS)
		return;
	s->gone--;
	free_entry(s, ref);
}

struct series *series_new(const struct metric_plan *plan, const struct series_opts *opts)
{
	struct series *s = xcalloc(1, sizeof(*s));
	uint32_t key_bytes = (plan->key_bytes + 7) & ~7u;

	s->plan = plan;
	s->key_bytes = plan->key_bytes;
	s->swept = plan->kind == METRIC_ENTRIES || plan->kind == METRIC_HIST_KEY ||
		   plan->kind == METRIC_HIST_SLOTS;
	s->gauges = true;
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		s->gauges &= plan->families[i].type == METRIC_GAUGE;
	s->cells_at = key_bytes;
	s->cells_bytes = plan->ncells * sizeof(union cell);
	s->stride =
		(uint32_t)sizeof(struct entry) + key_bytes + s->cells_bytes * (s->swept ? 2 : 1);
	while (2u << s->block_shift <= BLOCK_ENTRIES &&
	       (uint64_t)s->stride << (s->block_shift + 1) <= BLOCK_BYTES)
		s->block_shift++;
	s->max = opts && opts->max_series ? MIN(opts->max_series, HARD_MAX) : SERIES_DEFAULT_MAX;
	s->ttl_ns = opts ? opts->ttl_ns : 0;
	s->budget = opts ? opts->budget : NULL;
	s->mask = FIRST_SLOTS - 1;
	s->slots = xcalloc(FIRST_SLOTS, sizeof(*s->slots));
	spend(s, FIRST_SLOTS * sizeof(*s->slots));
	s->next_id = 1;
	s->gen = 1;
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) != sizeof(s->seed))
		s->seed = (uintptr_t)s;
	take_entry(s); /* the overflow's */
	return s;
}

void series_free(struct series *s)
{
	if (!s)
		return;
	if (s->budget)
		s->budget->used_bytes -= s->spent_bytes;
	for (uint32_t i = 0; i < s->nblocks; i++)
		free(s->blocks[i]);
	free(s->blocks);
	free(s->slots);
	free(s);
}

const struct metric_plan *series_plan(const struct series *s)
{
	return s->plan;
}

/* Kept out of series_touch(), which is to stay small. */
static __attribute__((noinline)) uint32_t touch_new(struct series *s, const void *key, uint32_t tag,
						    uint64_t now_ns)
{
	if (s->live < s->max && series_can_pay(s))
		return series_insert(s, key, tag, now_ns);
	s->overflowed++;
	series_open_overflow(s, now_ns);
	return 0;
}

union cell *series_touch(struct series *s, const void *key, uint64_t now_ns)
{
	uint32_t tag, ref = series_look_up(s, key, &tag);
	struct entry *e;

	if (unlikely(!ref))
		ref = touch_new(s, key, tag, now_ns);
	e = entry_at(s, ref);
	e->change_ns = now_ns;
	e->change_gen = s->gen;
	return cells_of(s, e);
}

/*
 * In three passes, so that the memory that one key needs is on its way while the others are
 * worked on: slots after hashing, entries after the slots. The length is known when compiling
 * where it is a usual one.
 */
static ALWAYS_INLINE void touch_many(struct series *s, const void *const *keys, uint32_t count,
				     uint64_t now_ns, union cell **ret_cells, uint32_t len)
{
	uint32_t tags[SERIES_TOUCH_MAX];
	uint32_t cells_at = s->cells_at;
	uint64_t gen = s->gen;

	for (uint32_t i = 0; i < count; i++) {
		tags[i] = key_tag(s, keys[i], len);
		__builtin_prefetch(&s->slots[tags[i] & s->mask]);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct entry *e = entry_at(s, s->slots[tags[i] & s->mask].ref);

		__builtin_prefetch(e, 1);
		__builtin_prefetch((uint8_t *)e->data + cells_at, 1);
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t ref = find(s, keys[i], tags[i], len);
		struct entry *e;

		if (unlikely(!ref))
			ref = touch_new(s, keys[i], tags[i], now_ns);
		e = entry_at(s, ref);
		e->change_ns = now_ns;
		e->change_gen = gen;
		ret_cells[i] = (union cell *)((uint8_t *)e->data + cells_at);
	}
}

void series_touch_many(struct series *s, const void *const *keys, uint32_t count, uint64_t now_ns,
		       union cell **ret_cells)
{
	switch (s->key_bytes) {
	case 8:
		return touch_many(s, keys, count, now_ns, ret_cells, 8);
	case 16:
		return touch_many(s, keys, count, now_ns, ret_cells, 16);
	case 24:
		return touch_many(s, keys, count, now_ns, ret_cells, 24);
	case 32:
		return touch_many(s, keys, count, now_ns, ret_cells, 32);
	case 48:
		return touch_many(s, keys, count, now_ns, ret_cells, 48);
	}
	touch_many(s, keys, count, now_ns, ret_cells, s->key_bytes);
}

void series_expire(struct series *s, uint64_t now_ns)
{
	for (uint32_t ref = 0; (s->ttl_ns || s->gone) && ref < s->nentries; ref++) {
		struct about *a = about_at(s, ref);

		if (a->state == STATE_GONE) {
			series_age_gone(s, ref, a);
		} else if (a->state == STATE_LIVE && series_is_over(s, entry_at(s, ref), now_ns)) {
			s->expired++;
			series_let_go(s, ref);
		}
	}
	s->gen++;
}

void series_flush(struct series *s)
{
	for (uint32_t ref = 0; ref < s->nentries; ref++)
		if (about_at(s, ref)->state == STATE_LIVE)
			series_let_go(s, ref);
	s->gen++;
}

uint64_t series_mark(struct series *s)
{
	return s->gen++;
}

struct series_stats series_stats(const struct series *s)
{
	return (struct series_stats){
		.live = s->live,
		.max = s->max,
		.overflowed = s->overflowed,
		.over_now = s->last_over,
		.expired = s->expired,
		.swept = s->swept,
		.memory_bytes = sizeof(*s) + s->nblocks * sizeof(*s->blocks) + s->spent_bytes,
	};
}
