// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/tui/model/histo.h"
#include "runner/tui/model/rows_internal.h"

struct rows *rows_new(const struct metric_plan *plan)
{
	struct rows *rows = xcalloc(1, sizeof(*rows));

	rows->plan = plan;
	rows->trend = -1;
	rows_describe(rows);
	rows->spark = rows->trend;
	rows->key_at = sizeof(struct row);
	rows->cells_at = (rows->key_at + plan->key_bytes + 7) & ~(size_t)7;
	rows->changes_at = rows->cells_at + plan->ncells * sizeof(union cell);
	rows->trend_at = rows->changes_at + plan->nfamilies * sizeof(double);
	rows->stride =
		rows->trend_at + (rows->trend >= 0 ? MODEL_TREND * sizeof(float) : sizeof(double));
	rows->stride = (rows->stride + 7) & ~(size_t)7;
	rows->seconds = 1;
	return rows;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (uint32_t i = 0; i < rows->nslots; i++)
		heat_free(row_at(rows, i)->heat);
	rows_zero(rows, false);
	for (uint32_t i = 0; i < rows->nblocks; i++)
		free(rows->blocks[i]);
	free(rows->blocks);
	free(rows->spare);
	id_map_release(&rows->slots);
	free(rows->gone);
	past_free(rows->past);
	arena_release(&rows->arena);
	free(rows);
}

static void *copy_of(const void *from, size_t bytes)
{
	return from ? memcpy(xmalloc(bytes), from, bytes) : NULL;
}

struct rows *rows_clone(const struct rows *rows)
{
	struct rows *copy = rows_new(rows->plan);
	struct rows fresh = *copy;

	*copy = *rows;
	copy->arena = fresh.arena;
	copy->shown = fresh.shown;
	copy->figures = fresh.figures;
	copy->blocks = xcalloc(rows->nblocks + 1, sizeof(*copy->blocks));
	for (uint32_t i = 0; i < rows->nblocks; i++)
		copy->blocks[i] = copy_of(rows->blocks[i], ROWS_BLOCK * rows->stride);
	if (rows->bases) {
		copy->bases = xcalloc(rows->nblocks + 1, sizeof(*copy->bases));
		for (uint32_t i = 0; i < rows->nblocks; i++)
			copy->bases[i] = copy_of(rows->bases[i], ROWS_BLOCK * rows->plan->ncells *
									 sizeof(union cell));
	}
	copy->spare = copy_of(rows->spare, rows->nblocks * ROWS_BLOCK * sizeof(*rows->spare));
	copy->past = NULL;
	copy->slots = id_map_clone(&rows->slots);
	copy->gone = copy_of(rows->gone, rows->nblocks * ROWS_BLOCK * sizeof(*rows->gone));
	for (uint32_t i = 0; i < copy->nslots; i++)
		row_at(copy, i)->heat = heat_clone(row_at(copy, i)->heat);
	return copy;
}

static uint32_t take_slot(struct rows *rows)
{
	uint32_t n = rows->nblocks;

	if (rows->nspare)
		return rows->spare[--rows->nspare];
	if (rows->nslots == n * ROWS_BLOCK) {
		rows->blocks = xreallocarray(rows->blocks, n + 1, sizeof(*rows->blocks));
		rows->blocks[n] = xcalloc(ROWS_BLOCK, rows->stride);
		if (rows->bases) {
			rows->bases = xreallocarray(rows->bases, n + 1, sizeof(*rows->bases));
			rows->bases[n] =
				xcalloc(ROWS_BLOCK, rows->plan->ncells * sizeof(union cell));
		}
		rows->nblocks++;
		rows->spare = xreallocarray(rows->spare, rows->nblocks, /* at most all slots */
					    ROWS_BLOCK * sizeof(*rows->spare));
		rows->gone =
			xreallocarray(rows->gone, rows->nblocks, ROWS_BLOCK * sizeof(*rows->gone));
	}
	return rows->nslots++;
}

static uint32_t add_row(struct rows *rows, uint64_t id)
{
	uint32_t slot = take_slot(rows);
	struct row *row;

	id_map_set(&rows->slots, id, slot);
	row = row_at(rows, slot);
	memset(row, 0, rows->stride);
	if (rows->bases)
		memset(base_of(rows, slot), 0, rows->plan->ncells * sizeof(union cell));
	row->id = id;
	row->state = SLOT_LIVE;
	row->born = rows->sample + 1;
	return slot;
}

static void drop_row(struct rows *rows, uint32_t slot)
{
	struct row *row = row_at(rows, slot);

	if (rows->past)
		past_drop(rows->past, slot, row, part_of(row, rows->key_at),
			  part_of(row, rows->cells_at));
	id_map_remove(&rows->slots, row->id);
	if (row->heat)
		rows->heat_bytes -= heat_bytes(&rows->plan->families[rows->trend]);
	heat_free(row->heat);
	row->heat = NULL;
	row->state = SLOT_FREE;
	rows->spare[rows->nspare++] = slot;
}

/* Updating rows. */

static bool is_negative(const struct family *family, union cell cell)
{
	return family->cell_type == CELL_DOUBLE ? cell.d < 0 : cell.i < 0;
}

/* The growth of a histogram, over all buckets. */
static double grown(const struct rows *rows, struct row *row, const struct family *family,
		    const union cell *now, const union cell *before)
{
	double sum = 0;

	for (uint32_t i = family->cell; i <= family->cell + family->nbounds; i++) {
		if (now[i].u <= before[i].u)
			continue;
		sum += (double)(now[i].u - before[i].u);
		if (row->heat && family == &rows->plan->families[rows->trend])
			heat_add(row->heat, rows->sample + 1, i - family->cell,
				 now[i].u - before[i].u);
	}
	return sum;
}

double rows_change(const struct rows *rows, struct row *row, const struct family *family,
		   const union cell *now, const union cell *before)
{
	union cell change;

	if (family->type == METRIC_HISTOGRAM)
		return grown(rows, row, family, now, before);
	change = cell_minus(family, now[family->cell], before[family->cell]);
	/* A counter that decreased was reset. */
	if (family->type == METRIC_COUNTER && is_negative(family, change))
		return 0;
	if (family->cell_type == CELL_DOUBLE)
		return change.d;
	return (double)change.i;
}

/* A baseline above the value is from before a reset. */
static void check_base(const struct rows *rows, uint32_t slot, const union cell *now)
{
	union cell *base = base_of(rows, slot);
	const struct family *family;

	for (uint32_t i = 0; base && i < rows->plan->nfamilies; i++) {
		family = &rows->plan->families[i];
		if (family->type == METRIC_HISTOGRAM) {
			for (uint32_t k = 0; k < family->nbounds + 2; k++) {
				if (base[family->cell + k].u > now[family->cell + k].u)
					base[family->cell + k].u = 0;
			}
		} else if (is_negative(family,
				       cell_minus(family, now[family->cell], base[family->cell]))) {
			base[family->cell].u = 0;
		}
	}
}

static void push_trend(const struct rows *rows, struct row *row, double change)
{
	float *trend = part_of(row, rows->trend_at);
	uint32_t now = rows->sample + 1;

	/* Samples in between are zero; none is older than the row. */
	for (uint32_t s = MAX(row->sample + 1, now > MODEL_TREND ? now - MODEL_TREND : 0); s < now;
	     s++)
		trend[s % MODEL_TREND] = 0;
	trend[now % MODEL_TREND] = (float)change;
}

static void update(struct rows *rows, uint32_t slot, const union cell *now, bool known)
{
	struct row *row = row_at(rows, slot);
	union cell *cells = part_of(row, rows->cells_at);
	double *changes = part_of(row, rows->changes_at);

	for (uint32_t i = 0; i < rows->plan->nfamilies; i++)
		changes[i] =
			known ? rows_change(rows, row, &rows->plan->families[i], now, cells) : 0;
	if (rows->trend >= 0) {
		push_trend(rows, row, changes[rows->spark]);
		rows->load += changes[rows->trend];
	}
	memcpy(cells, now, rows->plan->ncells * sizeof(union cell));
	check_base(rows, slot, now);
	row->sample = rows->sample + 1;
}

static void put_gone(struct rows *rows, uint32_t slot)
{
	struct row *row = row_at(rows, slot);

	if (row->state != SLOT_LIVE)
		return;
	if (rows->past)
		past_gone(rows->past, slot, row);
	if (rows->trend >= 0)
		push_trend(rows, row, 0);
	row->state = SLOT_GONE;
	row->sample = rows->sample + 1;
	memset(part_of(row, rows->changes_at), 0, rows->plan->nfamilies * sizeof(double));
	rows->gone[rows->ngone++] = slot;
	rows->live--;
	rows->overflows -= row->overflow;
}

void rows_put(struct rows *rows, const struct series_rows *from)
{
	const struct metric_plan *plan = rows->plan;

	if (!rows->first)
		rows->first = rows->sample + 1;
	rows->active = rows->sample + 1;
	for (uint32_t i = 0; i < from->count; i++) {
		const union cell *cells = from->cells + (size_t)i * plan->ncells;
		bool known, gone = from->flags[i] & SERIES_GONE;
		bool from_zero = (from->flags[i] & SERIES_NEW) && rows->sample + 1 != rows->first;
		uint32_t slot = 0;

		known = id_map_find(&rows->slots, from->id[i], &slot);
		if (gone) {
			if (known)
				put_gone(rows, slot);
			continue;
		}
		if (!known) {
			slot = add_row(rows, from->id[i]);
			memcpy(part_of(row_at(rows, slot), rows->key_at),
			       from->keys + (size_t)i * plan->key_bytes, plan->key_bytes);
			row_at(rows, slot)->overflow = from->flags[i] & SERIES_OVERFLOW;
			rows->overflows += row_at(rows, slot)->overflow;
			rows->live++;
			if (rows->trend >= 0 &&
			    plan->families[rows->trend].type == METRIC_HISTOGRAM &&
			    rows->heat_bytes < ROWS_HEAT_BYTES)
				rows_want_heat(rows, slot);
		}
		if (rows->past && !known)
			past_new_row(rows->past, slot, from_zero);
		else if (rows->past)
			past_update(rows->past, slot, row_at(rows, slot),
				    part_of(row_at(rows, slot), rows->cells_at), cells);
		/* A new series grew from zero, except in the first sweep, where all are new. */
		update(rows, slot, cells, known || from_zero);
	}
}

bool rows_swept(struct rows *rows, uint64_t mono_ns, uint64_t real_ns)
{
	struct past_step step = { .sample = rows->sample + 1,
				  .real_ns = real_ns,
				  .before_ns = rows->swept_ns,
				  .before_seconds = rows->seconds,
				  .load = rows->load };
	uint32_t kept = 0;

	if (rows->swept_ns && mono_ns > rows->swept_ns)
		rows->seconds = (double)(mono_ns - rows->swept_ns) / 1e9;
	rows->swept_ns = mono_ns;
	rows->sample++;
	for (uint32_t i = 0; i < rows->ngone; i++) {
		if (row_at(rows, rows->gone[i])->sample < rows->sample)
			drop_row(rows, rows->gone[i]);
		else
			rows->gone[kept++] = rows->gone[i];
	}
	rows->ngone = kept;
	rows->load = 0;
	if (rows->past)
		past_swept(rows->past, &step);
	return rows->active && rows->sample - rows->active <= MODEL_TREND;
}

void rows_keep(struct rows *rows, const uint64_t *ids, size_t count)
{
	for (uint32_t slot = 0; slot < rows->nslots; slot++) {
		const struct row *row = row_at(rows, slot);
		size_t low = 0, high = count;

		while (low < high) {
			size_t mid = (low + high) / 2;

			if (ids[mid] < row->id)
				low = mid + 1;
			else
				high = mid;
		}
		if (row->state == SLOT_LIVE && (low == count || ids[low] != row->id)) {
			put_gone(rows, slot);
			rows->active = rows->sample + 1;
		}
	}
}

void rows_zero(struct rows *rows, bool on)
{
	uint32_t ncells = rows->plan->ncells;

	for (uint32_t i = 0; rows->bases && i < rows->nblocks; i++)
		free(rows->bases[i]);
	free(rows->bases);
	rows->bases = NULL;
	if (!on)
		return;
	rows->bases = xcalloc(rows->nblocks + 1, sizeof(*rows->bases));
	for (uint32_t i = 0; i < rows->nblocks; i++)
		rows->bases[i] = xcalloc(ROWS_BLOCK, ncells * sizeof(union cell));
	for (uint32_t i = 0; i < rows->nslots; i++)
		memcpy(base_of(rows, i), part_of(row_at(rows, i), rows->cells_at),
		       ncells * sizeof(union cell));
	for (uint32_t i = 0; i < rows->plan->nfamilies; i++) {
		const struct family *family = &rows->plan->families[i];

		for (uint32_t k = 0; family->type == METRIC_GAUGE && k < rows->nslots; k++)
			base_of(rows, k)[family->cell].u = 0;
	}
}
