/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the live table shows, without a terminal: tabs, rows, columns, order, filters, history,
 * the cursor. It draws nothing, asks no clock and waits for nothing; time comes in as arguments.
 * Everything belongs to one thread, the output's.
 *
 *	sources	 model_add() model_remove()
 *	feed	 model_event() model_rows() model_lost() model_swept() model_programs() model_log()
 *	operate	 model_do() model_tab() model_filter() model_mark() model_export() ...
 *	look	 model_generation() model_tabs() model_page() model_status() model_histogram() ...
 *
 * To look is to draw: the screen remembers model_generation() and looks only when it moved. What
 * costs time (sorting, filtering) is done when somebody looks, never when data comes.
 *
 * All text that comes out is clean: valid UTF-8 (only ASCII where `utf8` is false), one line, no
 * control characters, not wider than its column; its width in cells stands beside it. It ends in
 * a NUL and is valid until the next call of any function of this model.
 *
 * Tabs are the maps with records or series, in the order of the plan, source by source, and last
 *the programs of all sources. With several sources the names of tabs are "program:map".
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_MODEL_H
#define BOMBUS_RUNNER_TUI_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/sink/sink.h"

struct err;
struct model;

#define MODEL_HISTORY_BYTES (16u << 20)
#define MODEL_TREND 20 /* samples in a sparkline */

struct model_opts {
	uint64_t history_bytes; /* of all streams together; 0: MODEL_HISTORY_BYTES */
	uint64_t interval_ns;	/* between sweeps, to be shown; 0: 1 s */
	bool utf8;
};
struct model *model_new(const struct model_opts *opts);
void model_free(struct model *model);

/* A source is borrowed until it is removed. Its tabs go when it is removed, except for the current
 * one, which keeps its last page until the user leaves it. */
void model_add(struct model *model, struct source *source);
void model_remove(struct model *model, struct source *source);
/* "images.example/tcpconnect:1", or "2 programs: tcpconnect, opensnoop" */
const char *model_title(struct model *model);

/*
 * Feeding. Monotonic time is what now_mono_ns() says; the sink's time_ns is not needed.
 *
 * model_event() copies the record into a ring: no formatting, no allocation. model_rows() takes
 * what a sink's rows() gets. model_swept() says that a sweep is over, after its rows and losses,
 * also when there were none: rates, trends and the marks of new and gone rows go by it.
 */
void model_event(struct model *model, struct source *source, const struct record *record);
void model_rows(struct model *model, struct source *source, const struct series_rows *rows);
void model_lost(struct model *model, struct source *source, const struct map_plan *map,
		enum lost_where where, uint64_t count);
void model_swept(struct model *model, struct source *source, uint64_t mono_ns);
/* What the kernel says of each program, by index in the plan; cumulative. Once a second or so. */
void model_programs(struct model *model, struct source *source, const struct prog_stats *stats,
		    uint64_t mono_ns);
/* A message of a library or of our own, one line or several; real_ns dates it. */
void model_log(struct model *model, const char *text, uint64_t real_ns);
/* Entries that a map had at its last sweep, and records the filter of the command line kept
 * away: what collector_stats() says. */
void model_stats(struct model *model, struct source *source, const struct map_plan *map,
		 const struct map_stats *stats);

/* Moves whenever something that can be seen may have changed; at every call while a filter is busy
 * with a long history, of which each page looks at a part. */
uint64_t model_generation(struct model *model);

/* Tabs. */
enum tab_kind {
	TAB_ROWS,     /* series: rows with values, rates, trends */
	TAB_STREAM,   /* records, the newest at the end */
	TAB_PROGRAMS, /* the last tab */
	TAB_ENDED,    /* of a source that was removed */
};

enum view {
	VIEW_TABLE,
	VIEW_HISTOGRAM, /* rows on the left (model_page()), bars on the right (model_histogram()) */
	VIEW_HEATMAP,	/* rows on the left, model_heatmap() on the right */
	VIEW_WATERFALL, /* spans as bars in time: a page whose last column is the bar */
	NVIEWS,
};

struct model_tab {
	const char *name;
	char count[24]; /* "1,204", "8.1k/s", "2/2": rows, records a second, programs attached */
	uint8_t kind;	/* enum tab_kind */
	uint8_t role;	/* enum map_role; of no meaning for the programs */
	uint8_t view;	/* enum view, the one it is in */
	bool paused;
	bool warns; /* something of it was lost, or a program is not attached */
};
uint32_t model_tabs(struct model *model); /* how many; at least 1 */
uint32_t model_current(const struct model *model);
void model_tab(struct model *model, uint32_t index, struct model_tab *ret);

/*
 * A page of the current tab in `width` x `height` cells, header not counted. The model chooses the
 * columns that fit: the trend goes first, then columns from the right; the cursor's column always
 * stays. It scrolls so that the cursor is on the page. Between two columns are PAGE_GAP blanks,
 * in front of the first PAGE_MARGIN (for marks), and those are part of `width`.
 */
#define PAGE_MARGIN 2
#define PAGE_GAP 2

enum row_mark {
	ROW_CURSOR = 1 << 0,
	ROW_NEW = 1 << 1,   /* "+" in the margin */
	ROW_GONE = 1 << 2,  /* "gone" behind its last column, where there is room */
	ROW_FOUND = 1 << 3, /* matches what model_mark() looks for */
	ROW_NOTE = 1 << 4,  /* no cells: `note` is a line over the whole width (records lost) */
	ROW_WARN = 1 << 5,  /* a program that is not attached */
};

struct page_cell {
	const char *text;
	uint32_t bytes, cells; /* cells <= width of its column */
};

struct page_column {
	const char *title; /* with the sort's arrow where it is sorted by */
	uint32_t title_cells;
	uint32_t x, width; /* where it starts, in cells from the left edge of the page */
	uint32_t column;   /* its number, for model_column() */
	bool right;	   /* text stands at the right end */
	bool cursor;	   /* the cursor's column */
	int8_t sort;	   /* 1: sorted up, -1: down, 0: not by this one */
	bool is_bars;	   /* trend or waterfall: may be drawn in another colour */
};

struct page_row {
	uint32_t marks; /* enum row_mark */
	const char *note;
	struct page_cell *cells; /* by page_column */
};

struct model_page {
	struct page_column *columns;
	uint32_t ncolumns;
	bool more_left, more_right; /* columns that did not fit */
	struct page_row *rows;
	uint32_t nrows;	   /* at most height */
	uint64_t first;	   /* number of rows above the page */
	uint64_t total;	   /* rows that there are, those hidden by the filter not counted */
	const char *empty; /* nrows is 0: why ("no rows yet", "nothing matches the filter") */
};
void model_page(struct model *model, uint32_t width, uint32_t height, struct model_page *ret);

/* The status line. `right` never drops; of `left` the last ones do first. */
#define STATUS_MAX_LEFT 6
struct model_status {
	const char
		*left[STATUS_MAX_LEFT]; /* "412/1,204 rows", "filter pid>600", "map 12/64 (18%)" */
	uint32_t nleft;
	const char *lost; /* "lost 0", "lost 312 (0.04%)", "lost ?" */
	const char *prog; /* "prog 2/2" */
	const char *cost; /* "1.3µs×12.4k/s 1.6% cpu"; short where nothing is known: "" */
	bool lost_any, prog_missing;
};
void model_status(struct model *model, struct model_status *ret);

/* Keys that need nothing but themselves. False: nothing to do here (beep or not). */
enum model_op {
	OP_NONE,
	OP_UP,
	OP_DOWN,
	OP_PAGE_UP,
	OP_PAGE_DOWN,
	OP_FIRST,
	OP_LAST, /* of a stream: follows again, and resumes */
	OP_LEFT, /* the column cursor */
	OP_RIGHT,
	OP_TAB_NEXT,
	OP_TAB_PREV,
	OP_SORT,      /* by the cursor's column; again: reversed */
	OP_SORT_LEFT, /* by the column beside the one that is sorted by */
	OP_SORT_RIGHT,
	OP_PAUSE,  /* and on again */
	OP_FOLLOW, /* stream: to its end and with it; others: resumes */
	OP_HIDE,   /* the cursor's column */
	OP_SHOW_ALL,
	OP_MOVE_LEFT, /* the cursor's column */
	OP_MOVE_RIGHT,
	OP_WIDTH, /* of the cursor's column: fitting, narrow, wide */
	OP_VIEW,  /* the next one that fits */
	OP_ZERO,  /* counts from here on; again: from the start */
	OP_FOUND_NEXT,
	OP_FOUND_PREV,
};
bool model_do(struct model *model, enum model_op op);
bool model_go_tab(struct model *model, uint32_t index);
/* The mouse: a row of the page (from its top), a column's number. */
bool model_row(struct model *model, uint32_t row);
bool model_column(struct model *model, uint32_t column);
/* Rows up (negative) or down, as a wheel does. */
bool model_scroll(struct model *model, int32_t rows);
void model_set_interval(struct model *model, uint64_t interval_ns);
uint64_t model_interval(const struct model *model);
/* "1s", "250ms": the interval as a user types it. */
void model_interval_text(const struct model *model, char *dst, size_t room);

/*
 * The filter of the current tab: runner/read/filter/filter.h's language over the names of the
 * columns (those of "/s" and the like are called rate, change, avg, p50, p90, p99; with several
 * values "bytes.rate"), or any text without operators (= < > ~ ! && || in): rows that show it
 * somewhere, in whatever case. "" or NULL: none. -EINVAL: *ret says why, and the last good one
 * stays.
 */
struct model_why {
	char text[256];
	size_t caret; /* byte in the expression */
};
int model_filter(struct model *model, const char *text, struct model_why *ret);
const char *model_filter_text(struct model *model); /* the one that holds, "" none */
/* Rows to be marked (ROW_FOUND) instead of hiding the others; the cursor goes to the first,
 * unless it follows a stream. */
int model_mark(struct model *model, const char *text, struct model_why *ret);
const char *model_mark_text(struct model *model);
/* A row matches the marks. */
bool model_any_marked(struct model *model);

/* While it is held, the current tab's row under the cursor stays there until model_do() moves the
 * cursor: a stream pauses, and of a row that goes there is no detail and no JSON. */
void model_hold(struct model *model, bool on);

bool model_paused(const struct model *model);	 /* the current tab */
bool model_following(const struct model *model); /* a stream at its end */
bool model_can_view(const struct model *model, enum view view);

/* The row under the cursor with all its fields, those without a column too. */
struct detail_line {
	const char *name, *text;
	uint32_t name_cells, text_cells;
};
struct model_detail {
	const char *title;
	struct detail_line *lines;
	uint32_t count;	     /* 0: there is no row */
	uint32_t name_cells; /* of the longest name */
};
void model_detail(struct model *model, struct model_detail *ret);

/* The row under the cursor as one JSON object, without newline. False: there is no row. */
bool model_row_json(struct model *model, struct strbuf *ret);

/*
 * What the view shows (filtered, sorted, frozen while paused) as a file that is not there yet, in
 * the format of its name's end: .csv, .json (a line each) or .txt. *ret_rows: how many.
 */
int model_export(struct model *model, const char *path, uint64_t *ret_rows, struct err *err);

/* The histogram of the row under the cursor. */
struct histogram_line {
	const char *range, *count, *cumulative; /* "[16,32)", "88,210", "21.7%" */
	const char *note;			/* "p50" where an estimate lies; else "" */
	double part;				/* 0..1 of the longest bar */
};
struct model_histogram {
	const char *title;   /* "latency_us" */
	const char *summary; /* "n=412,007  ≈p50 55us  ≈p90 220us  ≈p99 2.9ms" */
	uint32_t range_cells, count_cells, cumulative_cells; /* the longest of each */
	struct histogram_line *lines;
	uint32_t nlines; /* all buckets but the empty ones at both ends; may be more than fit */
};
bool model_histogram(struct model *model, struct model_histogram *ret);

/* How its buckets filled over time: columns are samples, the newest at the right. */
struct model_heatmap {
	const char *title;
	const char **ranges; /* of the rows, the largest bucket first */
	uint32_t range_cells;
	uint32_t nrows, ncolumns;
	const uint8_t *heat; /* nrows * ncolumns: 0 nothing .. HEAT_MAX */
	uint64_t span_ns;    /* what the columns cover */
};
#define HEAT_MAX 8
bool model_heatmap(struct model *model, uint32_t max_columns, struct model_heatmap *ret);

/* Messages, the oldest first; bounded. */
uint32_t model_log_lines(const struct model *model);
/* "12:04:31 libbpf: ..."; i < model_log_lines() */
const char *model_log_line(struct model *model, uint32_t i);
uint64_t model_log_dropped(const struct model *model);

#endif
