/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of a tab: which there are, in what order, how wide, and which of them fit. Widths
 * grow with what was seen and never shrink, so that nothing dances.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_COLUMNS_H
#define BOMBUS_RUNNER_TUI_MODEL_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

enum column_form {
	FORM_FIELD,
	FORM_TIME,   /* of the record */
	FORM_NUMBER, /* a cell: 182,440 */
	FORM_CHANGE, /* with its sign; nothing where there is none */
	FORM_SPAN,   /* its name, behind those it stands in */
	FORM_TREND,
	FORM_BAR, /* of the waterfall */
};

enum column_set {
	SET_TABLE = 1 << 0,
	SET_BESIDE = 1 << 1, /* beside a histogram */
	SET_FALL = 1 << 2,   /* in a waterfall */
};

enum column_size { SIZE_FITTING, SIZE_NARROW, SIZE_WIDE };

struct column {
	char *title; /* escaped */
	uint32_t title_cells;
	const struct field *field; /* NULL for times, trends and bars */
	uint8_t part;		   /* enum part */
	uint8_t form;		   /* enum column_form */
	uint8_t size;		   /* enum column_size */
	bool right, hidden;
	uint8_t sets;  /* enum column_set: where it stands */
	double limit;  /* FORM_NUMBER: what an infinite one is above */
	uint32_t seen; /* the widest text so far, in cells */
};

struct columns {
	struct column *all;
	uint32_t count;
	uint32_t *order;  /* as they stand, by number */
	uint32_t cursor;  /* a number */
	uint32_t first;	  /* place in the order of the first one shown */
	uint8_t set;	  /* of the last columns_fit(); 0: all */
	int sort;	  /* a number; -1: none */
	int8_t direction; /* 1 up, -1 down */
};

void columns_release(struct columns *columns);
struct column *columns_add(struct columns *columns, const char *title, const struct field *field,
			   enum column_form form);

/* Which fit, left to right, into `width` cells; of those that stand in
 * `set`. Scrolls to the cursor. ret has room for all. */
uint32_t columns_fit(struct columns *columns, uint32_t width, enum column_set set, uint32_t *ret,
		     bool *ret_more_left, bool *ret_more_right);
uint32_t column_width(const struct column *column);

/* The next shown one in a direction from a column's number; itself at the end. */
uint32_t columns_beside(const struct columns *columns, uint32_t number, int step);
bool columns_move(struct columns *columns, int step);
bool columns_hide(struct columns *columns);
bool columns_show_all(struct columns *columns);

#endif
