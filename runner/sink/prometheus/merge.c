// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>
#include <xxhash.h>
#include "base/id_map.h"
#include "base/util.h"
#include "runner/sink/prometheus/merge.h"

#define FIRST_ROOM 512u

/*
 * Sets are known by 64 bits with a seed: for a million of them chances are one in thirty million
 * that any two are taken for one.
 *
 * A sum is the round that returned it last, then ncells cells.
 */
struct merge {
	const struct metric_plan *plan;
	struct id_map numbers; /* of sums, by the hash of their set */
	union cell *sums;
	uint32_t round, room;
	uint64_t seed;
};

struct merge *merge_new(const struct metric_plan *plan)
{
	struct merge *merge = xcalloc(1, sizeof(*merge));

	merge->plan = plan;
	merge->round = 1;
	if (getrandom(&merge->seed, sizeof(merge->seed), GRND_NONBLOCK) != sizeof(merge->seed))
		merge->seed = (uintptr_t)merge;
	return merge;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;
	id_map_release(&merge->numbers);
	free(merge->sums);
	free(merge);
}

uint32_t merge_count(const struct merge *merge)
{
	return merge->numbers.count;
}

/* The sum of this set, which begins at zero. */
static union cell *sum_of(struct merge *merge, struct expo_set set)
{
	uint64_t hash = XXH3_64bits_withSeed(set.bytes, set.len, merge->seed);
	uint32_t number, cells = 1 + merge->plan->ncells;
	union cell *sum;

	if (id_map_find(&merge->numbers, hash, &number))
		return merge->sums + (size_t)number * cells;
	number = merge->numbers.count;
	if (number == merge->room) {
		merge->room = MAX(2 * merge->room, FIRST_ROOM);
		merge->sums = xreallocarray(merge->sums, merge->room, cells * sizeof(*merge->sums));
	}
	id_map_set(&merge->numbers, hash, number);
	sum = merge->sums + (size_t)number * cells;
	memset(sum, 0, cells * sizeof(*sum));
	return sum;
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
	add_cells(merge->plan, sum_of(merge, set) + 1, cells);
}

const union cell *merge_take(struct merge *merge, struct expo_set set, const union cell *cells)
{
	uint32_t before = merge->numbers.count;
	union cell *sum = sum_of(merge, set);

	if (sum->u == merge->round)
		return NULL;
	sum->u = merge->round;
	if (merge->numbers.count > before)
		add_cells(merge->plan, sum + 1, cells);
	return sum + 1;
}

void merge_next_round(struct merge *merge)
{
	merge->round++;
}
