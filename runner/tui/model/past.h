/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each sweep changed in the rows of a map, so that a copy of the rows can go back in time.
 *
 * A step belongs to a sweep and holds what undoes it: for a row that changed, the differences of
 * the cells that changed; for a new one, that it was not there; for one that went, all of it.
 * Numbers are varints, and differences of neighbours, so a counter that grew by a few costs five
 * bytes. The oldest steps make room for the new ones. Slots mean those of struct rows.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_PAST_H
#define BOMBUS_RUNNER_TUI_MODEL_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/tui/model/rows.h"

struct past;

struct past_step {
	uint32_t sample;       /* of the sweep */
	uint64_t real_ns;      /* of the sweep, since 1970 */
	uint64_t before_ns;    /* swept_ns of the sweep before, */
	double before_seconds; /* and its seconds */
	double load;	       /* the growth of all rows together */
	size_t at, bytes;      /* past.c's */
};

struct past *past_new(const struct metric_plan *plan, uint64_t max_bytes);
void past_free(struct past *past);

/* Recording the sweep that is going on. `row` is as it was before. */
void past_update(struct past *past, uint32_t slot, const struct row *row, const union cell *before,
		 const union cell *now);
void past_new_row(struct past *past, uint32_t slot, bool from_zero);
void past_gone(struct past *past, uint32_t slot, const struct row *row);
void past_drop(struct past *past, uint32_t slot, const struct row *row, const uint8_t *key,
	       const union cell *cells);
/* Ends the sweep. at and bytes are filled in. */
void past_swept(struct past *past, const struct past_step *step);

/* Steps that are kept, 0 is the oldest. */
uint32_t past_steps(const struct past *past);
const struct past_step *past_step(const struct past *past, uint32_t i);
uint64_t past_used_bytes(const struct past *past);

enum past_kind { PAST_UPDATE, PAST_NEW, PAST_NEW_FROM_ZERO, PAST_GONE, PAST_DROP };
struct past_entry {
	uint8_t kind; /* enum past_kind */
	uint32_t slot;
	uint32_t sample, born; /* of the row before; born: PAST_DROP */
	bool overflow;
	uint64_t id;	    /* PAST_DROP */
	const uint8_t *key; /* PAST_DROP */
	uint32_t ncells;    /* PAST_UPDATE: that differ; PAST_DROP: all */
};
struct past_reader {
	const struct metric_plan *plan;
	const uint8_t *at, *end;
	uint32_t slot, cell;
};
void past_read(struct past_reader *ret, const struct past *past, uint32_t step);
bool past_next(struct past_reader *reader, struct past_entry *ret);
/* Behind a PAST_UPDATE, ncells times before the next past_next(): the number of a cell, and by how
 * much it was less before, as a number of 64 bits (of a double: of its bits). */
uint32_t past_cell(struct past_reader *reader, uint64_t *ret_diff);
/* Behind a PAST_DROP, ncells times: a cell. */
uint64_t past_value(struct past_reader *reader);

#endif
