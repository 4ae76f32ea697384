/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series of one map in the live table: the last cells of each, their change since the sweep
 * before, and a short history. A row keeps its slot for as long as it lives.
 *
 * Time is counted in sweeps ("samples"). A row that the last sweep did not deliver has not changed,
 * so rows at rest cost nothing. A rate is a change divided by the seconds between two sweeps.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_ROWS_H
#define BOMBUS_RUNNER_TUI_MODEL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "runner/read/series/series.h"
#include "runner/tui/model/model.h"

struct heat;
struct past;
struct rows;

/* A number shown for a row. */
enum figure_kind {
	FIGURE_VALUE, /* the cell, less the baseline */
	FIGURE_RATE,
	FIGURE_CHANGE, /* of a gauge */
	FIGURE_COUNT,  /* histograms: all observations */
	FIGURE_AVERAGE,
	FIGURE_QUANTILE, /* NaN: no observations */
	/* Of rows_compare(); NaN: nothing is compared, or one of the two has no number. */
	FIGURE_THEN,
	FIGURE_DIFFERENCE,
	FIGURE_FACTOR, /* infinite: it was 0, or there was no such row */
};

struct figure {
	uint8_t kind; /* enum figure_kind */
	double q;
	const struct family *family;
	uint32_t number;    /* of the family */
	struct field field; /* in an array of union cell; filters use its path */
};

enum row_state { SLOT_FREE, SLOT_LIVE, SLOT_GONE };

struct row {
	uint64_t id;
	uint32_t sample; /* of the last change */
	uint32_t born;
	uint8_t state; /* enum row_state */
	bool overflow;
	struct heat *heat; /* histograms, within the memory limit; NULL: none */
};

struct rows *rows_new(const struct metric_plan *plan);
void rows_free(struct rows *rows);
struct rows *rows_clone(const struct rows *rows);

/* Rows as a filter sees them: labels as the key, figures as the value. */
const struct map_plan *rows_shown(const struct rows *rows);
const struct figure *rows_figures(const struct rows *rows, uint32_t *ret_count);
bool rows_have_trend(const struct rows *rows);
/* The counter whose changes the trend shows, from what the past (of the live rows) still has. */
void rows_spark(struct rows *rows, uint32_t family, const struct past *past);
int rows_sparked(const struct rows *rows); /* -1: none */
/* Compares this figure of each row with the one of the same row in `then`, a clone, which is
 * borrowed. What counts is compared from its start, also while it is shown from zero. NULL: no
 * longer. */
void rows_compare(struct rows *rows, const struct rows *then, uint32_t figure);
const struct figure *rows_compared(const struct rows *rows); /* NULL: nothing */

void rows_put(struct rows *rows, const struct series_rows *from);
/* True if the shown rows may have changed. real_ns: since 1970; the past is searched by it. */
bool rows_swept(struct rows *rows, uint64_t mono_ns, uint64_t real_ns);
/* Keeps what sweeps change, from now on. What was kept is forgotten. */
void rows_keep_past(struct rows *rows, uint64_t max_bytes);
const struct past *rows_past(const struct rows *rows);
/* Takes a clone back to the state after the sweep `sample`, or to the oldest that is kept. */
void rows_back(struct rows *clone, const struct past *past, uint32_t sample);
/* Marks all rows but these as gone. ids is sorted. */
void rows_keep(struct rows *rows, const uint64_t *ids, size_t count);
/* Counters and histograms count from now on, or from their start again. */
void rows_zero(struct rows *rows, bool on);
bool rows_zeroed(const struct rows *rows);

uint32_t rows_live(const struct rows *rows);  /* without the overflow row */
uint64_t rows_sum(const struct rows *rows);   /* observations of all histograms */
uint32_t rows_slots(const struct rows *rows); /* slots are below this */
/* NULL: the slot is free. */
const struct row *rows_at(const struct rows *rows, uint32_t slot);
bool rows_find(const struct rows *rows, uint64_t id, uint32_t *ret_slot);
const uint8_t *rows_key(const struct rows *rows, uint32_t slot);
/* ret has plan->ncells cells, from which the baseline is subtracted. */
void rows_cells(const struct rows *rows, uint32_t slot, union cell *ret);
/* ret has one cell per figure. */
void rows_read(const struct rows *rows, uint32_t slot, union cell *ret);
void rows_trend(const struct rows *rows, uint32_t slot, float ret[MODEL_TREND]);
bool rows_is_new(const struct rows *rows, const struct row *row);
uint32_t rows_sample(const struct rows *rows);
/* Starts a history for this row if it has none. At the memory limit it takes the place of the last
 * one that was started this way. */
void rows_want_heat(struct rows *rows, uint32_t slot);

#endif
