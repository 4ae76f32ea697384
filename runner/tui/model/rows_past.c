// SPDX-License-Identifier: Apache-2.0
/* A copy of rows goes back in time: steps of the past are undone, newest first. */
#include "base/util.h"
#include "runner/tui/model/histo.h"
#include "runner/tui/model/rows_internal.h"

void rows_keep_past(struct rows *rows, uint64_t max_bytes)
{
	past_free(rows->past);
	rows->past = past_new(rows->plan, max_bytes);
}

const struct past *rows_past(const struct rows *rows)
{
	return rows->past;
}

/* The step of a sweep; false: it is not kept. */
static bool step_of(const struct past *past, uint32_t sample, uint32_t *ret)
{
	uint32_t first = past_steps(past) ? past_step(past, 0)->sample : 0;

	if (sample < first || sample - first >= past_steps(past))
		return false;
	*ret = sample - first;
	return true;
}

static void undo_update(struct rows *rows, struct past_reader *reader,
			const struct past_entry *entry)
{
	struct row *row = row_at(rows, entry->slot);
	union cell *cells = part_of(row, rows->cells_at);
	uint64_t diff;

	for (uint32_t i = 0; i < entry->ncells; i++) {
		uint32_t cell = past_cell(reader, &diff);

		cells[cell].u -= diff;
	}
	/* A row may be updated twice in a sweep. */
	row->sample = MIN(row->sample, entry->sample);
}

static void undo_new(struct rows *rows, uint32_t slot)
{
	struct row *row = row_at(rows, slot);

	id_map_remove(&rows->slots, row->id);
	heat_free(row->heat);
	row->heat = NULL;
	if (row->state == SLOT_LIVE) {
		rows->live--;
		rows->overflows -= row->overflow;
	}
	row->state = SLOT_FREE;
}

static void undo_gone(struct rows *rows, const struct past_entry *entry)
{
	struct row *row = row_at(rows, entry->slot);

	/* A row may come and go in one sweep. */
	if (row->state != SLOT_GONE)
		return;
	row->state = SLOT_LIVE;
	row->sample = entry->sample;
	rows->live++;
	rows->overflows += row->overflow;
}

static void undo_drop(struct rows *rows, struct past_reader *reader, const struct past_entry *entry)
{
	struct row *row = row_at(rows, entry->slot);
	union cell *cells = part_of(row, rows->cells_at);

	memset(row, 0, rows->stride);
	row->id = entry->id;
	row->sample = entry->sample;
	row->born = entry->born;
	row->overflow = entry->overflow;
	row->state = SLOT_GONE;
	memcpy(part_of(row, rows->key_at), entry->key, rows->plan->key_bytes);
	for (uint32_t i = 0; i < entry->ncells; i++)
		cells[i].u = past_value(reader);
	id_map_set(&rows->slots, row->id, entry->slot);
}

void rows_undo(struct rows *rows, const struct past *past, uint32_t number)
{
	const struct past_step *step = past_step(past, number);
	struct past_reader reader;
	struct past_entry entry;

	past_read(&reader, past, number);
	while (past_next(&reader, &entry)) {
		switch ((enum past_kind)entry.kind) {
		case PAST_UPDATE:
			undo_update(rows, &reader, &entry);
			break;
		case PAST_NEW:
		case PAST_NEW_FROM_ZERO:
			undo_new(rows, entry.slot);
			break;
		case PAST_GONE:
			undo_gone(rows, &entry);
			break;
		case PAST_DROP:
			undo_drop(rows, &reader, &entry);
			break;
		}
	}
	rows->sample = step->sample - 1;
	rows->swept_ns = step->before_ns;
	rows->seconds = step->before_seconds;
}

/* What a sweep did to a row, as the change of each family; `scratch` is in the state after it. */
static void changes_of(const struct rows *scratch, struct past_reader *reader,
		       const struct past_entry *entry, union cell *before, double *ret)
{
	const struct metric_plan *plan = scratch->plan;
	struct row none = { 0 }; /* has no heat that would grow again */
	const union cell *now = part_of(row_at(scratch, entry->slot), scratch->cells_at);
	uint64_t diff;

	memset(before, 0, plan->ncells * sizeof(*before));
	if (entry->kind == PAST_UPDATE || entry->kind == PAST_NEW)
		memcpy(before, now, plan->ncells * sizeof(*before));
	for (uint32_t i = 0; i < entry->ncells; i++) {
		uint32_t cell = past_cell(reader, &diff);

		before[cell].u -= diff;
	}
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		ret[i] = rows_change(scratch, &none, &plan->families[i], now, before);
}

static void trace_step(struct rows *rows, const struct rows *scratch, const struct past *past,
		       uint32_t number, bool rates, union cell *before, double *changes)
{
	uint32_t sample = past_step(past, number)->sample;
	struct past_reader reader;
	struct past_entry entry;

	past_read(&reader, past, number);
	while (past_next(&reader, &entry)) {
		struct row *row = row_at(rows, entry.slot);

		if (entry.kind == PAST_GONE)
			continue;
		if (entry.kind == PAST_DROP) {
			for (uint32_t i = 0; i < entry.ncells; i++)
				past_value(&reader);
			continue;
		}
		changes_of(scratch, &reader, &entry, before, changes);
		if (row->state == SLOT_FREE || row->id != row_at(scratch, entry.slot)->id)
			continue;
		if (rows->trend >= 0)
			((float *)part_of(row, rows->trend_at))[sample % MODEL_TREND] =
				(float)changes[rows->spark];
		if (rates && sample == rows->sample)
			memcpy(part_of(row, rows->changes_at), changes,
			       rows->plan->nfamilies * sizeof(*changes));
	}
}

/* Trends of that moment, from the sweeps before it; and its rates. */
static void retrace(struct rows *rows, const struct past *past, bool rates)
{
	const struct metric_plan *plan = rows->plan;
	struct rows *scratch = rows_clone(rows);
	union cell *before = xcalloc(plan->ncells + 1, sizeof(*before));
	double *changes = xcalloc(plan->nfamilies + 1, sizeof(*changes));
	uint32_t number;

	for (uint32_t slot = 0; slot < rows->nslots; slot++) {
		if (rates)
			memset(part_of(row_at(rows, slot), rows->changes_at), 0,
			       plan->nfamilies * sizeof(double));
		if (rows->trend >= 0)
			memset(part_of(row_at(rows, slot), rows->trend_at), 0,
			       MODEL_TREND * sizeof(float));
	}
	for (int i = 0; i < MODEL_TREND && step_of(past, scratch->sample, &number); i++) {
		trace_step(rows, scratch, past, number, rates, before, changes);
		rows_undo(scratch, past, number);
	}
	rows_free(scratch);
	free(before);
	free(changes);
}

void rows_back(struct rows *clone, const struct past *past, uint32_t sample)
{
	uint32_t number;

	if (clone->sample <= sample)
		return;
	while (clone->sample > sample && step_of(past, clone->sample, &number))
		rows_undo(clone, past, number);
	retrace(clone, past, true);
}

void rows_spark(struct rows *rows, uint32_t family, const struct past *past)
{
	rows->spark = (int)family;
	retrace(rows, past, false);
}

int rows_sparked(const struct rows *rows)
{
	return rows->spark;
}
