/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by rows.c, which updates rows, and rows_read.c, which reads them.
 *
 * A row in memory: struct row, its canonical key, its cells, the change of each family since the
 * sweep before, and the changes of the first counter in the last samples. Blocks of rows never
 * move; a map of ids gives the slot of a row.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_ROWS_INTERNAL_H
#define BOMBUS_RUNNER_TUI_MODEL_ROWS_INTERNAL_H

#include "base/arena.h"
#include "base/id_map.h"
#include "runner/tui/model/past.h"
#include "runner/tui/model/rows.h"

#define ROWS_BLOCK 512u
#define ROWS_HEAT_BYTES (2u << 20) /* histories of one map's histograms */

struct rows {
	const struct metric_plan *plan;
	struct arena arena;
	struct map_plan shown;
	struct figure *figures;
	uint32_t nfigures;
	int trend; /* the first family that counts, -1: none; its changes are kept, or */
	int spark; /* those of another counter */
	size_t key_at, cells_at, changes_at, trend_at, stride;

	uint8_t **blocks;
	union cell **bases; /* baselines, by block; NULL: none */
	uint32_t nblocks, nslots;
	uint32_t *spare; /* free slots */
	uint32_t nspare;
	struct id_map slots;
	uint32_t *gone; /* slots whose row is shown for the last time */
	uint32_t ngone;
	uint32_t live, overflows;

	uint32_t sample; /* the last sweep; rows that arrive now belong to the next */
	uint32_t active; /* the last one that delivered rows */
	uint32_t first;	 /* the first one with rows */
	uint64_t swept_ns;
	double seconds;
	size_t heat_bytes;
	struct past *past;	 /* of live rows; NULL: a copy */
	double load;		 /* of the sweep that is going on */
	uint64_t guest;		 /* id of the row that has a history beyond the budget, plus 1 */
	const struct rows *then; /* rows_compare() */
	uint32_t compared;	 /* figure */
};

static inline struct row *row_at(const struct rows *rows, uint32_t slot)
{
	return (struct row *)(rows->blocks[slot / ROWS_BLOCK] +
			      (size_t)(slot % ROWS_BLOCK) * rows->stride);
}

static inline void *part_of(struct row *row, size_t at)
{
	return (uint8_t *)row + at;
}

static inline union cell *base_of(const struct rows *rows, uint32_t slot)
{
	return rows->bases ? rows->bases[slot / ROWS_BLOCK] +
				     (size_t)(slot % ROWS_BLOCK) * rows->plan->ncells
			   : NULL;
}

static inline union cell cell_minus(const struct family *family, union cell a, union cell b)
{
	if (family->cell_type == CELL_DOUBLE)
		a.d -= b.d;
	else
		a.u -= b.u;
	return a;
}

/* By how much a family grew. */
double rows_change(const struct rows *rows, struct row *row, const struct family *family,
		   const union cell *now, const union cell *before);
void rows_describe(struct rows *rows);
/* Undoes a step of the past in a copy; rows_past.c. */
void rows_undo(struct rows *rows, const struct past *past, uint32_t step);

#endif
