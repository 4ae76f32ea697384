/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of the live table, without a terminal: tabs, rows, columns, order, filters, history,
 * the cursor. It draws nothing, reads no clock and never waits; times are arguments. One thread,
 * the sink's, makes all calls.
 *
 *	sources	 model_add() model_remove()
 *	feed	 model_event() model_rows() model_lost() model_swept() model_programs() model_log()
 *	operate	 model_do() model_tab() model_filter() model_mark() model_export() ...
 *	look	 model_generation() model_tabs() model_page() model_status() model_histogram() ...
 *
 * The screen draws only when model_generation() has changed. Sorting and filtering are done when a
 * page is asked for, never when data arrives.
 *
 * All text that the model returns is clean: valid UTF-8 (only ASCII if `utf8` is false), one line,
 * without control characters, not wider than its column, with its width in cells beside it. It ends
 * in NUL and is valid until the next call of any function of this model.
 *
 * Tabs are the maps with records or series, in the order of the plan, source by source, and last
 * the programs of all sources. With several sources the names of tabs are "program:map".
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
#define MODEL_TREND 20		    /* samples in a sparkline */
#define MODEL_FAR_NS 10000000000ull /* a long step in time */

struct model_opts {
	uint64_t history_bytes; /* of all tabs together; 0: MODEL_HISTORY_BYTES */
	uint64_t interval_ns;	/* between sweeps, for display; 0: 1 s */
	bool utf8;
	struct files *files; /* as tui.h's */
};
struct model *model_new(const struct model_opts *opts);
void model_free(struct model *model);

/* A source is borrowed until it is removed. Its tabs go then, except for the current one, which
 * keeps its last page until the user leaves it. */
void model_add(struct model *model, struct source *source);
void model_remove(struct model *model, struct source *source);
/* "images.example/tcpconnect:1", or "2 programs: tcpconnect, opensnoop" */
const char *model_title(struct model *model);

/*
 * Feeding. mono_ns is the time of now_mono_ns(), real_ns that since 1970.
 *
 * model_event() copies the record into a ring, without formatting or allocation. model_rows() takes
 * the rows of a sink's rows(). model_swept() ends a sweep, after its rows and losses, even if there
 * were none: rates, trends and the marks of new and gone rows depend on it.
 */
void model_event(struct model *model, struct source *source, const struct record *record);
void model_rows(struct model *model, struct source *source, const struct series_rows *rows);
void model_lost(struct model *model, struct source *source, const struct map_plan *map,
		enum lost_where where, uint64_t count);
void model_swept(struct model *model, struct source *source, uint64_t mono_ns, uint64_t real_ns);
/* The kernel's statistics of each program, by index in the plan; cumulative. About once a second.
 */
void model_programs(struct model *model, struct source *source, const struct prog_stats *stats,
		    uint64_t mono_ns);
/* A message, one line or several, with its time. */
void model_log(struct model *model, const char *text, uint64_t real_ns);
/* The result of source_map_stats(): entries at the last sweep, losses. */
void model_stats(struct model *model, struct source *source, const struct map_plan *map,
		 const struct map_stats *stats);

/* Changes whenever the screen may have to change; at every call while a filter still works through
 * a long history, of which each page checks a part. */
uint64_t model_generation(struct model *model);

/* Tabs. */
enum tab_kind {
	TAB_ROWS,     /* series: rows with values, rates, trends */
	TAB_STREAM,   /* records, newest last */
	TAB_PROGRAMS, /* the last tab */
	TAB_ENDED,    /* of a source that was removed: its last page */
	TAB_GROUPS,   /* groups of the rows or records of a tab, in its place */
	TAB_TRACES,   /* the traces of all maps of spans; there is one where there are such maps */
	TAB_TRACE,    /* one of them as a tree, in the place of the list */
};

enum view {
	VIEW_TABLE,
	VIEW_HISTOGRAM, /* rows on the left (model_page()), bars on the right (model_histogram()) */
	VIEW_HEATMAP,	/* rows on the left, model_heatmap() on the right */
	VIEW_WATERFALL, /* spans as bars in time: a page whose last column is the bar */
	VIEW_TALKS,	/* groups by two columns: from each value of the first to the second's */
	NVIEWS,
};

struct model_tab {
	const char *name;
	char count[24]; /* "1,204", "8.1k/s", "2/2": rows, records a second, programs attached */
	uint8_t kind;	/* enum tab_kind */
	uint8_t role;	/* enum map_role; unused for the programs */
	uint8_t view;	/* enum view, the current one */
	bool paused;
	bool warns; /* records were lost, or a program is not attached */
};
uint32_t model_tabs(struct model *model); /* their number; at least 1 */
uint32_t model_current(const struct model *model);
void model_tab(struct model *model, uint32_t index, struct model_tab *ret);

/*
 * A page of the current tab in `width` x `height` cells, without the header. The model chooses the
 * columns that fit: it drops the trend first, then columns from the right, never the cursor's
 * column. It scrolls so that the cursor is on the page. PAGE_GAP blanks stand between two columns,
 * and PAGE_MARGIN before the first for the marks; both are part of `width`.
 */
#define PAGE_MARGIN 2
#define PAGE_GAP 2

enum row_mark {
	ROW_CURSOR = 1 << 0,
	ROW_NEW = 1 << 1,   /* "+" in the margin */
	ROW_GONE = 1 << 2,  /* "gone" after its last column, if it fits */
	ROW_FOUND = 1 << 3, /* matches the marks of model_mark() */
	ROW_NOTE = 1 << 4,  /* no cells: `note` is a line over the whole width (records lost) */
	/* A program that is not attached, a span that failed, a row that a trap waits for. */
	ROW_WARN = 1 << 5,
};

struct page_cell {
	const char *text;
	uint32_t bytes, cells;	 /* cells <= width of its column */
	uint32_t hit, hit_bytes; /* a part that a text of the filter or the marks is found in */
};

struct page_column {
	const char *title; /* with an arrow if it is the sort column */
	uint32_t title_cells;
	uint32_t x, width; /* its start, in cells from the left edge of the page */
	uint32_t column;   /* its number, for model_column() */
	bool right;	   /* text is aligned to the right */
	bool cursor;	   /* the cursor's column */
	int8_t sort;	   /* 1: ascending, -1: descending, 0: not the sort column */
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
	uint64_t total;	   /* all rows, without those that the filter hides */
	const char *empty; /* the reason for 0 rows ("no rows yet", "nothing matches the filter") */
};
void model_page(struct model *model, uint32_t width, uint32_t height, struct model_page *ret);

/* The status line. lost and prog are never dropped; of `left`, the last are dropped first. */
#define STATUS_MAX_LEFT 10
struct model_status {
	const char
		*left[STATUS_MAX_LEFT]; /* "412/1,204 rows", "filter pid>600", "map 12/64 (18%)" */
	uint32_t nleft;
	const char *lost; /* "lost 0", "lost 312 (0.04%)", "lost ?" */
	const char *prog; /* "prog 2/2" */
	const char *cost; /* "1.3µs×12.4k/s 1.6% cpu"; "": unknown */
	bool lost_any, prog_missing;
};
void model_status(struct model *model, struct model_status *ret);

/* The actions of keys without input. False: no effect here. */
enum model_op {
	OP_NONE,
	OP_UP,
	OP_DOWN,
	OP_PAGE_UP,
	OP_PAGE_DOWN,
	OP_FIRST,
	OP_LAST, /* a stream resumes and follows its end */
	OP_LEFT, /* the column cursor */
	OP_RIGHT,
	OP_TAB_NEXT,
	OP_TAB_PREV,
	OP_SORT,      /* by the cursor's column; again: reverses */
	OP_SORT_LEFT, /* by the column beside the sort column */
	OP_SORT_RIGHT,
	OP_PAUSE,   /* or resume: all tabs, at one moment */
	OP_EARLIER, /* pauses, and goes back by a sweep */
	OP_LATER,
	OP_EARLIER_FAR, /* by ten seconds */
	OP_LATER_FAR,
	OP_MOMENT,  /* marks the moment that is shown */
	OP_COMPARE, /* the chosen column with the marked moment, or no longer */
	OP_FOLLOW,  /* a stream follows its end; others resume, or the cursor follows its row */
	OP_HIDE,    /* the cursor's column */
	OP_SHOW_ALL,
	OP_MOVE_LEFT, /* the cursor's column */
	OP_MOVE_RIGHT,
	OP_WIDTH, /* of the cursor's column: fitting, narrow, wide */
	OP_VIEW,  /* the next one that fits */
	OP_GROUP, /* by the cursor's column, or no longer */
	OP_INTO,  /* the rows of the chosen group, the tree of the chosen trace */
	OP_OUT,	  /* back to the groups or the traces */
	OP_UNGROUP,
	OP_FOLD, /* hides or shows the spans below the chosen one */
	OP_ZERO, /* counts from now on; again: from the start */
	OP_FOUND_NEXT,
	OP_FOUND_PREV,
};
bool model_do(struct model *model, enum model_op op);
/* The reason why OP_COMPARE had no effect. */
const char *model_why_not_compared(const struct model *model);
/* Pauses all tabs, and shows what they had so long before the last sweep. False: no sweep yet. */
bool model_go_back(struct model *model, uint64_t ns);
/* To the row of this id in the current tab. */
void model_go_row(struct model *model, uint64_t id);
/* The columns of a tab, as settings have them: *ret_name is "program:map". False: there is nothing
 * to be kept of it. *ret_text NULL: the columns are as at first. The caller frees both. */
bool model_columns(const struct model *model, uint32_t index, char **ret_name, char **ret_text);
void model_set_columns(struct model *model, const char *name, const char *text);
bool model_go_tab(struct model *model, uint32_t index);
/* Another current tab for a look at it; the caller gives the one that this returns back. */
uint32_t model_peek(struct model *model, uint32_t index);
/*
 * Filters all other maps by the row under the cursor, by the fields that they share. False: there
 * are none, or (off) nothing was filtered so. `names`: of these fields; valid until the next call.
 */
bool model_link(struct model *model, bool on, const char **ret_names);
bool model_linked(const struct model *model); /* the current tab is filtered so */
/* To the tab of a map. False: it has none. */
bool model_go_map(struct model *model, const struct source *source, const struct map_plan *map);
/* The mouse: a row of the page (from its top), the number of a column. */
bool model_row(struct model *model, uint32_t row);
bool model_column(struct model *model, uint32_t column);
/* Moves up (negative) or down, as a wheel does. */
bool model_scroll(struct model *model, int32_t rows);
void model_set_interval(struct model *model, uint64_t interval_ns);
uint64_t model_interval(const struct model *model);
/* The last sweep of any source, since 1970; 0: none. */
uint64_t model_latest(const struct model *model);
/* "1s", "250ms": the interval as a user types it. */
void model_interval_text(const struct model *model, char *dst, size_t room);

/*
 * The filter of the current tab: an expression of runner/read/filter/filter.h over the names of the
 * columns ("/s" and the like are rate, change, avg, p50, p90, p99; with several values
 * "bytes.rate"), or a text without operators (= < > ~ ! && || in), which matches rows that contain
 * it in upper or lower case. "" or NULL: none. -EINVAL: *ret explains, and the last valid filter
 * stays.
 */
struct model_why {
	char text[256];
	size_t caret; /* byte in the expression */
};
int model_filter(struct model *model, const char *text, struct model_why *ret);
const char *model_filter_text(struct model *model); /* the current one; "": none */
/* Marks matching rows (ROW_FOUND) instead of hiding the others. The cursor goes to the first one,
 * unless it follows a stream. */
int model_mark(struct model *model, const char *text, struct model_why *ret);
const char *model_mark_text(struct model *model);
/* How many rows match the marks. */
uint64_t model_marked(struct model *model);
/* The fields of the current tab that begin so. Returns how many; *ret_common has what all of them
 * begin with, `choices` their names. */
#define MODEL_NAME_MAX 127
uint32_t model_complete(struct model *model, const char *text, size_t len,
			char ret_common[MODEL_NAME_MAX + 1], char *choices, size_t room);
/* Adds the options of `run` that print what is shown. False: none do. */
bool model_command(struct model *model, struct strbuf *ret);

/* Holds the row under the cursor of the current tab: no other row takes its place until model_do()
 * moves the cursor. A stream pauses. A series that goes has neither detail nor JSON. */
void model_hold(struct model *model, bool on);

bool model_paused(const struct model *model);	  /* the current tab */
bool model_all_paused(const struct model *model); /* all tabs, at one moment */
bool model_following(const struct model *model);  /* a stream follows its end */
bool model_can_view(const struct model *model, enum view view);

/* All fields of the row under the cursor, including those without a column. */
struct detail_line {
	const char *name, *text;
	uint32_t name_cells, text_cells;
};
struct model_detail {
	const char *title;
	struct detail_line *lines;
	uint32_t count;	     /* 0: no row */
	uint32_t name_cells; /* of the longest name */
};
void model_detail(struct model *model, struct model_detail *ret);

/*
 * The processes, groups, addresses, interfaces and inodes that the row under the cursor names: a
 * line with the name of the field for each, and below it what is known of it, indented. It may be
 * looked up: model_generation() changes when an answer came.
 */
void model_who(struct model *model, struct model_detail *ret);

/* The row under the cursor as one JSON object, without newline. False: no row. */
bool model_row_json(struct model *model, struct strbuf *ret);

/*
 * What the view shows (filtered, sorted, frozen while paused) as a file that is not there yet, in
 * the format of its name's end: .csv, .json (a line each) or .txt. *ret_rows: how many.
 */
int model_export(struct model *model, const char *path, uint64_t *ret_rows, struct err *err);

/* Of the current tab: the largest first, or "FIELD:up". -EINVAL: there is no such field. */
int model_sort_by(struct model *model, const char *field, struct err *err);
/* Groups by these fields, separated by commas. */
int model_group_by(struct model *model, const char *fields, struct err *err);
/* The rows of the current tab; of export.h. */
struct export_how;
/* The header of CSV of the current tab, without newline. */
void model_header(struct model *model, const struct export_how *how, struct strbuf *ret);
int model_write(struct model *model, const struct export_how *how, int fd, uint64_t *ret_rows);

/* The histogram of the row under the cursor. */
struct histogram_line {
	const char *range, *count, *cumulative; /* "[16,32)", "88,210", "21.7%" */
	const char *note;			/* "p50" for the bucket of an estimate; else "" */
	double part;				/* 0..1 of the longest bar */
};
struct model_histogram {
	const char *title;   /* "latency_us" */
	const char *summary; /* "n=412,007  ≈p50 55us  ≈p90 220us  ≈p99 2.9ms" */
	uint32_t range_cells, count_cells, cumulative_cells; /* the longest of each */
	struct histogram_line *lines;
	uint32_t nlines; /* all buckets without empty ones at both ends; may not fit */
};
bool model_histogram(struct model *model, struct model_histogram *ret);

/* The observations of its buckets over time: columns are samples, newest at the right. */
struct model_heatmap {
	const char *title;
	const char **ranges; /* of the rows, largest bucket first */
	uint32_t range_cells;
	uint32_t nrows, ncolumns;
	const uint8_t *heat; /* nrows * ncolumns: 0 (none) .. HEAT_MAX */
	uint64_t span_ns;    /* the time that the columns cover */
};
#define HEAT_MAX 8
bool model_heatmap(struct model *model, uint32_t max_columns, struct model_heatmap *ret);

/* Messages, oldest first; bounded. */
uint32_t model_log_lines(const struct model *model);
/* "12:04:31 libbpf: ..."; i < model_log_lines() */
const char *model_log_line(struct model *model, uint32_t i);
uint64_t model_log_dropped(const struct model *model);

#endif
