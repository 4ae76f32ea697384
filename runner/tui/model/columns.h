/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of a tab: their order and widths, and which of them fit. A width grows with the texts
 * that were seen and never shrinks, so that columns do not jump.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_COLUMNS_H
#define BOMBUS_RUNNER_TUI_MODEL_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

enum column_form {
	FORM_FIELD,
	FORM_WORD,   /* kind or status of a span */
	FORM_TIME,   /* of the record */
	FORM_NUMBER, /* a cell: 182,440 */
	FORM_CHANGE, /* with its sign; empty for no change */
	FORM_FACTOR, /* 2.4x */
	FORM_SPAN,   /* its name, indented below its parent */
	FORM_TREND,
	FORM_BAR, /* of the waterfall */
};

enum column_set {
	SET_TABLE = 1 << 0,
	SET_BESIDE = 1 << 1, /* beside a histogram */
	SET_FALL = 1 << 2,   /* in a view with bars: a waterfall, who talks to whom */
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
	bool off;	/* it has nothing to show now: as if it were not there */
	bool passing;	/* it is there for a comparison only: columns_describe() leaves it out */
	bool sums;	/* its numbers may be added up */
	uint8_t sets;	/* enum column_set: the views that show it */
	double limit;	/* FORM_NUMBER: an infinite number is above this */
	uint32_t seen;	/* the widest text so far, in cells */
	uint32_t extra; /* free width that the last columns_fit() gave it, in cells */
};

struct strbuf;

struct columns {
	struct column *all;
	uint32_t count;
	uint32_t *order;  /* numbers, in the order of the screen */
	uint32_t *usual;  /* the order of columns_show_all(); NULL: by number */
	uint32_t cursor;  /* a number */
	uint32_t first;	  /* place in the order of the first visible column */
	uint8_t set;	  /* of the last columns_fit(); 0: all */
	int sort;	  /* a number; -1: none */
	int8_t direction; /* 1 up, -1 down */
};

/* It shows no value, but a picture of several. */
static inline bool column_is_picture(const struct column *column)
{
	return column->form >= FORM_SPAN && !column->field;
}

void columns_release(struct columns *columns);
struct column *columns_add(struct columns *columns, const char *title, const struct field *field,
			   enum column_form form);

/* Another title: a word of the table's own, and a name as it is. */
void columns_rename(struct column *column, const char *word, const char *name);

/* The columns of `set` that fit into `width` cells, left to right. Scrolls to the cursor. ret has
 * room for all columns. */
uint32_t columns_fit(struct columns *columns, uint32_t width, enum column_set set, uint32_t *ret,
		     bool *ret_more_left, bool *ret_more_right);
uint32_t column_width(const struct column *column);

/* The next visible column to the left or right; the column itself at the end. */
uint32_t columns_beside(const struct columns *columns, uint32_t number, int step);
bool columns_move(struct columns *columns, int step);
bool columns_hide(struct columns *columns);
bool columns_show_all(struct columns *columns);
/* Order, widths and hidden columns as text: "time -pid comm:wide". False: all is as at first. */
bool columns_describe(const struct columns *columns, struct strbuf *ret);
/* Unknown names are left out; a column that the text does not have follows the one before it in the
 * usual order. */
void columns_apply(struct columns *columns, const char *text);

#endif
