/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series of one map as the live table keeps them: the last cells of each, what changed since
 * the sweep before, a short history. Rows stand in slots that do not move while they live.
 *
 * Time is counted in sweeps ("samples"): a row that did not come in the last one has not changed,
 * so that nothing is done for rows at rest. Rates are changes by the seconds between two sweeps.
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
struct rows;

/* A number that is shown of a row. */
enum figure_kind {
	FIGURE_VALUE, /* the cell, less the baseline */
	FIGURE_RATE,
	FIGURE_CHANGE, /* of a gauge */
	FIGURE_COUNT,  /* histograms: all observations */
	FIGURE_AVERAGE,
	FIGURE_QUANTILE, /* NaN: there is none */
};

struct figure {
	uint8_t kind; /* enum figure_kind */
	double q;
	const struct family *family;
	uint32_t number;    /* of the family */
	struct field field; /* in an array of union cell; path is what filters call it */
};

enum row_state { SLOT_FREE, SLOT_LIVE, SLOT_GONE };

struct row {
	uint64_t id;
	uint32_t sample; /* of the last change */
	uint32_t born;
	uint8_t state; /* enum row_state */
	bool overflow;
	struct heat *heat; /* histograms, as far as the room goes; NULL: none */
};

struct rows *rows_new(const struct metric_plan *plan);
void rows_free(struct rows *rows);
struct rows *rows_clone(const struct rows *rows);

/* What the rows look like to a filter: labels as the key, figures as the value. */
const struct map_plan *rows_shown(const struct rows *rows);
const struct figure *rows_figures(const struct rows *rows, uint32_t *ret_count);
bool rows_have_trend(const struct rows *rows);

void rows_put(struct rows *rows, const struct series_rows *from);
/* True when something that is shown may differ now. */
bool rows_swept(struct rows *rows, uint64_t mono_ns);
/* All but these ids are gone; sorted. */
void rows_keep(struct rows *rows, const uint64_t *ids, size_t count);
/* Counters and histograms count from here on, or from their start again. */
void rows_zero(struct rows *rows, bool on);
bool rows_zeroed(const struct rows *rows);

uint32_t rows_live(const struct rows *rows);  /* the overflow's row not counted */
uint64_t rows_sum(const struct rows *rows);   /* observations of all histograms */
uint32_t rows_slots(const struct rows *rows); /* slots are below this */
/* NULL: the slot is free. */
const struct row *rows_at(const struct rows *rows, uint32_t slot);
bool rows_find(const struct rows *rows, uint64_t id, uint32_t *ret_slot);
const uint8_t *rows_key(const struct rows *rows, uint32_t slot);
/* ret has as many cells as the plan; less the baseline. */
void rows_cells(const struct rows *rows, uint32_t slot, union cell *ret);
/* ret has as many as there are figures. */
void rows_read(const struct rows *rows, uint32_t slot, union cell *ret);
void rows_trend(const struct rows *rows, uint32_t slot, float ret[MODEL_TREND]);
bool rows_is_new(const struct rows *rows, const struct row *row);
uint32_t rows_sample(const struct rows *rows);
/* Starts a history for this row if it has none; where there is no room for one more, in place of
 * the row that was wanted last. */
void rows_want_heat(struct rows *rows, uint32_t slot);

#endif
