// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/reel.h"

#include "base/util.h"
#include "runner/tui/model/past.h"
#include "runner/tui/model/rows_internal.h"

#define BATCH_ROWS 256u

struct reel {
	struct source *source;
	struct rows *rows; /* a copy, in the state of `step` */
	const struct past *past;
	uint32_t first, step; /* the next one is `step`; below `first`: all rows of now */
	bool begun;
	uint64_t swept_ns; /* of the last step, monotonic */
	/* Rows that sweeps brought, the newest sweep first, each of rows->stride bytes. */
	uint8_t *brought;
	size_t nbrought, room;
	struct series_rows batch;
};

/* Rows that a step brought, as they were after it. */
static void keep_brought(struct reel *reel, uint32_t step)
{
	struct rows *rows = reel->rows;
	size_t from = reel->nbrought;
	struct past_reader reader;
	struct past_entry entry;
	uint64_t diff;

	past_read(&reader, reel->past, step);
	while (past_next(&reader, &entry)) {
		for (uint32_t i = 0; i < entry.ncells; i++) {
			if (entry.kind == PAST_UPDATE)
				past_cell(&reader, &diff);
			else
				past_value(&reader);
		}
		if (entry.kind != PAST_NEW && entry.kind != PAST_NEW_FROM_ZERO)
			continue;
		if (reel->nbrought == reel->room) {
			reel->room = MAX(2 * reel->room, (size_t)64);
			reel->brought = xreallocarray(reel->brought, reel->room, rows->stride);
		}
		memcpy(reel->brought + reel->nbrought++ * rows->stride, row_at(rows, entry.slot),
		       rows->stride);
	}
	/* They are taken from the end, so the last one of a step stands first. */
	for (size_t a = from, b = reel->nbrought; a + 1 < b; a++) {
		uint8_t *p = reel->brought + a * rows->stride;
		uint8_t *q = reel->brought + --b * rows->stride;

		for (size_t i = 0; i < rows->stride; i++) {
			uint8_t swap = p[i];

			p[i] = q[i];
			q[i] = swap;
		}
	}
}

struct reel *reel_new(const struct rows *rows, struct source *source, uint64_t from_ns)
{
	struct reel *reel = xcalloc(1, sizeof(*reel));

	reel->source = source;
	reel->past = rows_past(rows);
	reel->rows = rows_clone(rows);
	reel->swept_ns = rows->swept_ns;
	series_rows_init(&reel->batch, rows->plan, BATCH_ROWS);
	reel->step = past_steps(reel->past);
	while (reel->step && past_step(reel->past, reel->step - 1)->real_ns > from_ns) {
		reel->step--;
		keep_brought(reel, reel->step);
		rows_undo(reel->rows, reel->past, reel->step);
	}
	reel->first = reel->step;
	return reel;
}

void reel_free(struct reel *reel)
{
	if (!reel)
		return;
	series_rows_release(&reel->batch);
	rows_free(reel->rows);
	free(reel->brought);
	free(reel);
}

uint64_t reel_next_ns(const struct reel *reel)
{
	uint32_t steps = past_steps(reel->past);
	uint64_t second_ns = (uint64_t)(reel->rows->seconds * 1e9), next_ns;

	if (reel->begun)
		return reel->step < steps ? past_step(reel->past, reel->step)->real_ns : UINT64_MAX;
	if (reel->first)
		return past_step(reel->past, reel->first - 1)->real_ns;
	/* That sweep is not kept itself: an interval before the oldest that is. */
	next_ns = steps ? past_step(reel->past, 0)->real_ns : UINT64_MAX;
	return next_ns == UINT64_MAX ? next_ns : next_ns - MIN(second_ns, next_ns);
}

static int give_batch(struct reel *reel, struct sink *to, uint64_t time_ns)
{
	int ret = reel->batch.count ? to->ops->rows(to, reel->source, &reel->batch, time_ns) : 0;

	reel->batch.count = 0;
	return ret;
}

static int give_row(struct reel *reel, struct sink *to, uint32_t slot, uint8_t flags,
		    uint64_t time_ns)
{
	const struct metric_plan *plan = reel->rows->plan;
	struct row *row = row_at(reel->rows, slot);
	struct series_rows *batch = &reel->batch;
	uint32_t n = batch->count++;

	memcpy(batch->keys + (size_t)n * plan->key_bytes, part_of(row, reel->rows->key_at),
	       plan->key_bytes);
	memcpy(batch->cells + (size_t)n * plan->ncells, part_of(row, reel->rows->cells_at),
	       plan->ncells * sizeof(union cell));
	batch->flags[n] = (uint8_t)(flags | (row->overflow ? SERIES_OVERFLOW : 0));
	batch->id[n] = row->id;
	batch->change_ns[n] = reel->rows->swept_ns;
	return batch->count == batch->max ? give_batch(reel, to, time_ns) : 0;
}

static int give_all(struct reel *reel, struct sink *to, uint64_t time_ns)
{
	int ret = 0;

	for (uint32_t slot = 0; slot < reel->rows->nslots && !ret; slot++)
		if (row_at(reel->rows, slot)->state == SLOT_LIVE)
			ret = give_row(reel, to, slot, SERIES_CHANGED, time_ns);
	return ret;
}

/* Does again what an entry undoes. Returns the flags of a row that a source would give; 0: none. */
static uint8_t redo(struct reel *reel, struct past_reader *reader, const struct past_entry *entry,
		    uint32_t sample)
{
	struct rows *rows = reel->rows;
	struct row *row = row_at(rows, entry->slot);
	union cell *cells = part_of(row, rows->cells_at);
	bool brought = row->state != SLOT_FREE && row->born == sample;
	uint64_t diff;

	for (uint32_t i = 0; i < entry->ncells; i++) {
		if (entry->kind == PAST_DROP) {
			past_value(reader);
		} else {
			uint32_t cell = past_cell(reader, &diff);

			cells[cell].u += brought ? 0 : diff;
		}
	}
	switch ((enum past_kind)entry->kind) {
	case PAST_UPDATE:
		return SERIES_CHANGED;
	case PAST_NEW:
	case PAST_NEW_FROM_ZERO:
		memcpy(row, reel->brought + --reel->nbrought * rows->stride, rows->stride);
		row->heat = NULL;
		row->state = SLOT_LIVE;
		return entry->kind == PAST_NEW ? SERIES_CHANGED : SERIES_CHANGED | SERIES_NEW;
	case PAST_GONE:
		row->state = SLOT_GONE;
		return SERIES_GONE;
	case PAST_DROP:
		row->state = SLOT_FREE;
		break;
	}
	return 0;
}

static int give_step(struct reel *reel, struct sink *to, uint64_t time_ns)
{
	uint32_t sample = past_step(reel->past, reel->step)->sample;
	struct past_reader reader;
	struct past_entry entry;
	int ret = 0;

	past_read(&reader, reel->past, reel->step++);
	reel->rows->swept_ns = reel->step < past_steps(reel->past)
				       ? past_step(reel->past, reel->step)->before_ns
				       : reel->swept_ns;
	while (!ret && past_next(&reader, &entry)) {
		uint8_t flags = redo(reel, &reader, &entry, sample);

		if (flags)
			ret = give_row(reel, to, entry.slot, flags, time_ns);
	}
	return ret;
}

int reel_give(struct reel *reel, struct sink *to)
{
	uint64_t time_ns = reel_next_ns(reel);
	int ret = reel->begun ? give_step(reel, to, time_ns) : give_all(reel, to, time_ns);

	reel->begun = true;
	return ret ? ret : give_batch(reel, to, time_ns);
}
