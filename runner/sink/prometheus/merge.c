// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>
#include <xxhash.h>
#include "base/util.h"
#include "runner/sink/prometheus/merge.h"

#define FIRST_SLOTS 1024u

/* Sets are known by 64 bits with a seed: for a million of them chances are one in thirty million
 * that any two are taken for one. */
struct slot {
	uint64_t hash;
	uint32_t number; /* of its sum, from 1 on; 0: empty */
	uint32_t round;	 /* the one it was taken in */
};

struct merge {
	const struct metric_plan *plan;
	struct slot *slots;
	uint32_t mask, count, round;
	union cell *sums; /* ncells each */
	uint32_t room;
	uint64_t seed;
};

struct merge *merge_new(const struct metric_plan *plan)
{
	struct merge *merge = xcalloc(1, sizeof(*merge));

	merge->plan = plan;
	merge->mask = FIRST_SLOTS - 1;
	merge->slots = xcalloc(FIRST_SLOTS, sizeof(*merge->slots));
	merge->round = 1;
	if (getrandom(&merge->seed, sizeof(merge->seed), GRND_NONBLOCK) != sizeof(merge->seed))
		merge->seed = (uintptr_t)merge;
	return merge;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;
	free(merge->slots);
	free(merge->sums);
	free(merge);
}

static struct slot *find(const struct merge *merge, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & merge->mask;

	while (merge->slots[i].number && merge->slots[i].hash != hash)
		i = (i + 1) & merge->mask;
	return &merge->slots[i];
}

static void grow(struct merge *merge)
{
	struct slot *old = merge->slots;
	uint32_t count = merge->mask + 1;

	merge->mask = 2 * count - 1;
	merge->slots = xcalloc(2 * (size_t)count, sizeof(*merge->slots));
	for (uint32_t i = 0; i < count; i++)
		if (old[i].number)
			*find(merge, old[i].hash) = old[i];
	free(old);
}

static union cell *sum_of(const struct merge *merge, const struct slot *slot)
{
	return merge->sums + (size_t)(slot->number - 1) * merge->plan->ncells;
}

/* Where its sum is, which begins at zero. */
static struct slot *slot_for(struct merge *merge, struct expo_set set)
{
	uint64_t hash = XXH3_64bits_withSeed(set.bytes, set.len, merge->seed);
	struct slot *slot;

	if (2 * (merge->count + 1) > merge->mask)
		grow(merge);
	slot = find(merge, hash);
	if (slot->number)
		return slot;
	if (merge->count == merge->room) {
		merge->room = MAX(2 * merge->room, FIRST_SLOTS / 2);
		merge->sums = xreallocarray(merge->sums, merge->room,
					    merge->plan->ncells * sizeof(union cell));
	}
	*slot = (struct slot){ .hash = hash, .number = ++merge->count };
	memset(sum_of(merge, slot), 0, merge->plan->ncells * sizeof(union cell));
	return slot;
}

static void add_cells(const struct metric_plan *plan, union cell *sum, const union cell *cells)
{
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		const struct family *family = &plan->families[i];
		uint32_t n = family_cells(family);

		for (uint32_t k = family->cell; k < family->cell + n; k++) {
			if (family->type == METRIC_GAUGE && !family->field)
				sum[k] = cells[k]; /* it is there, however often */
			else if (family->cell_type == CELL_DOUBLE)
				sum[k].d += cells[k].d;
			else
				sum[k].u += cells[k].u;
		}
	}
}

void merge_add(struct merge *merge, struct expo_set set, const union cell *cells)
{
	add_cells(merge->plan, sum_of(merge, slot_for(merge, set)), cells);
}

const union cell *merge_take(struct merge *merge, struct expo_set set, const union cell *cells)
{
	uint32_t before = merge->count;
	struct slot *slot = slot_for(merge, set);

	if (slot->round == merge->round)
		return NULL;
	slot->round = merge->round;
	if (merge->count > before)
		add_cells(merge->plan, sum_of(merge, slot), cells);
	return sum_of(merge, slot);
}

void merge_next_round(struct merge *merge)
{
	merge->round++;
}
