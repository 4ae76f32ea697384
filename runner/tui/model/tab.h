/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of tabs. A tab is a list of rows, and each row looks like a record with fields,
 * which is enough for columns, order, filters, marks, details and exports. Its data are series
 * (rows_tab.c), a ring of records (stream_tab.c), the programs (programs.c) or a last page
 * (ended_tab.c).
 *
 * The position of a row is its place among the shown rows, filtered and sorted. Its id never
 * changes.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_TAB_H
#define BOMBUS_RUNNER_TUI_MODEL_TAB_H

#include "base/arena.h"
#include "runner/read/record.h"
#include "runner/sink/print/grid.h"
#include "runner/sink/text.h"
#include "runner/tui/model/columns.h"
#include "runner/tui/model/model.h"
#include "runner/tui/model/pick.h"

struct rows;
struct span_row;
struct stream;
struct tab;
struct trace_span;

#define TAB_GROUP_BY 4
#define TAB_WANTED 64

/* Shared by all tabs. */
struct tab_settings {
	struct grid_page page; /* the form of text: utf8; no width */
	uint64_t interval_ns;
};

/* Shared by the tabs of a source. */
struct tab_env {
	const struct tab_settings *settings;
	struct source *source; /* NULL: the tab belongs to no single source */
	struct sink_names names;
};

/* A row; valid until the next call for the same tab. */
struct item {
	struct record record; /* of tab->shown; without parts: a note */
	uint64_t id;
	uint32_t slot;
	uint32_t marks; /* enum row_mark */
	bool overflow;	/* its labels are OVERFLOW_TEXT */
	bool unknown;	/* its numbers are not known: "?" */
	const char *note;
	const struct span_row *span; /* in the waterfall */
};

struct tab_ops {
	uint8_t kind; /* enum tab_kind */
	/* Updates order, filter and total. */
	void (*prepare)(struct tab *tab);
	void (*item)(struct tab *tab, uint64_t at, struct item *ret);
	bool (*find)(struct tab *tab, uint64_t id, uint64_t *ret_at);
	void (*trend)(struct tab *tab, const struct item *item, float ret[MODEL_TREND]);
	/* Texts of the waterfall, in tab->scratch. */
	size_t (*span)(struct tab *tab, const struct column *column, const struct item *item);
	void (*pause)(struct tab *tab, bool on);
	/* A paused tab goes to what it showed at that time, since 1970. NULL: it has no past. */
	void (*travel)(struct tab *tab, uint64_t real_ns);
	void (*refilter)(struct tab *tab);
	void (*count)(struct tab *tab, char *dst, size_t room);
	void (*status)(struct tab *tab, struct arena *arena, struct model_status *ret);
	bool (*can_view)(const struct tab *tab, enum view view);
	/* Gives the shown rows to a sink. NULL: the rows are of no map. */
	int (*give)(struct tab *tab, struct sink *sink, uint64_t from, uint64_t to,
		    uint64_t *ret_rows);
	const char *(*empty)(struct tab *tab);
	/* NULL: tab_page(). */
	void (*page)(struct tab *tab, struct arena *arena, uint32_t width, uint32_t height,
		     struct model_page *ret);
	/* The record behind a row, as the tab of its map has it. NULL, or false: there is none. */
	bool (*origin)(struct tab *tab, uint64_t at, struct tab **ret_tab, struct item *ret);
	void (*free)(struct tab *tab);
};

/* Embedded first in each kind's own struct. */
struct tab {
	const struct tab_ops *ops;
	struct tab_env *env;
	const char *name;
	char *label;		      /* "program:map", escaped; NULL: the name is enough */
	const struct map_plan *map;   /* NULL: none */
	const struct map_plan *shown; /* the fields that filters see */
	struct columns columns;
	struct pick *filter, *mark;
	struct pick *own;  /* the user's filter, while a row of another tab filters this one */
	bool linked;	   /* it does */
	struct pick *trap; /* rows of which it holds stand out; borrowed; NULL: none */
	uint64_t total, cursor, top;
	uint64_t cursor_id;
	bool pinned;	/* the cursor is not on top, or the tab is a stream */
	bool tracks;	/* the cursor stays with its row wherever the order takes it */
	bool refind;	/* once, after the user has changed the order or the filter */
	bool held;	/* model_hold() */
	bool gone;	/* the held row is gone */
	bool following; /* streams: the cursor is the last row */
	bool paused;
	bool dirty;	 /* order and filter are outdated */
	bool unfinished; /* the filter has not checked all records */
	uint8_t view;
	uint64_t axis_ns;	   /* the time that bars cover, all of them the same; 0: none */
	uint64_t version;	   /* of the shown rows; for groups of them */
	struct tab *over;	   /* groups of these rows, shown in their place; NULL: none */
	uint32_t by[TAB_GROUP_BY]; /* columns that the groups are made by */
	uint32_t nby;
	uint32_t height; /* of the last page */
	uint64_t lost;
	struct map_stats stats;
	bool has_stats;
	char *scratch;		     /* for one text */
	struct map_plan wide;	     /* `shown`, with the process, container and pod of a row */
	struct arena names;	     /* of these fields */
	const struct field *process; /* the number of a row's process; NULL: it has none */
	uint8_t process_part;	     /* enum part */
	uint32_t wanted[TAB_WANTED]; /* numbers that were asked for lately */
};

void tab_init(struct tab *tab, const struct tab_ops *ops, struct tab_env *env, const char *name,
	      const struct map_plan *map, const struct map_plan *shown);
/* After its columns were added: adds fields for filters and details that have no column, and makes
 * room for the longest text of any field. */
void tab_ready(struct tab *tab);
/* Has the process of a row looked up while it lives. */
void tab_want(struct tab *tab, const void *key, const void *value);
void tab_release(struct tab *tab);

/* Updates order, filter and cursor; the cursor is on a row if there is one. */
void tab_prepare(struct tab *tab);
bool tab_go(struct tab *tab, uint64_t at);
void tab_resort(struct tab *tab);
/* False: it was so already. */
bool tab_pause(struct tab *tab, bool on);

/* A cell as escaped text, in scratch. */
size_t tab_text(struct tab *tab, const struct column *column, const struct item *item);
/* The value in full, in scratch: 182440 for "182,440", as CSV or JSON has it. */
size_t tab_value(struct tab *tab, const struct column *column, const struct item *item,
		 enum style style);
size_t field_number(char *dst, const struct field *field, const void *base);
bool tab_matches(struct tab *tab, const struct pick *pick, const struct item *item);

/* Text in the page's character set, cut to at most `cells`. */
struct page_cell tab_cell(const struct tab *tab, struct arena *arena, const char *text, size_t len,
			  uint32_t cells);
const char *tab_clean(const struct tab *tab, struct arena *arena, const char *text);
void tab_page(struct tab *tab, struct arena *arena, uint32_t width, uint32_t height,
	      struct model_page *ret);
void tab_detail(struct tab *tab, struct arena *arena, struct model_detail *ret);

/* The name of the tab on the screen. */
static inline const char *tab_label(const struct tab *tab)
{
	return tab->label ? tab->label : tab->name;
}

/* runner/tui/group/group_tab.c: groups of the base's rows, by the columns in base->by, which stay
 * as they are. */
struct tab *group_tab_new(struct tab *base);
/* The filter that leaves the rows of the chosen group, for the base. False: no group, or none that
 * a filter can describe. */
bool group_tab_filter(struct tab *tab, struct strbuf *ret);

/* rows_tab.c, stream_tab.c, programs.c, ended_tab.c */
struct tab *rows_tab_new(struct tab_env *env, const struct map_plan *map,
			 const struct metric_plan *plan);
void rows_tab_put(struct tab *tab, const struct series_rows *rows);
/* True if the shown rows may have changed. */
bool rows_tab_swept(struct tab *tab, uint64_t mono_ns, uint64_t real_ns);
/* Room for the past; it never shrinks. */
void rows_tab_limit(struct tab *tab, uint64_t bytes);
const struct past *rows_tab_past(struct tab *tab);
/* The rows as the last sweep left them. */
const struct rows *rows_tab_live(struct tab *tab);
bool rows_tab_zero(struct tab *tab);
/* The rows that match now, whatever is shown. */
void rows_tab_match_live(struct tab *tab, const struct pick *pick,
			 void (*found)(void *ctx, uint64_t id), void *ctx);
/* Keeps the rows as they are shown, to compare others with them. */
void rows_tab_mark(struct tab *tab, uint64_t real_ns);
/* Compares the figure of the chosen column with the marked moment, or no longer. False: nothing is
 * marked. */
bool rows_tab_compare(struct tab *tab);
/* The rows of the marked moment; NULL: none is marked. */
const struct rows *rows_tab_then(struct tab *tab);
/* One of them as item() gives the others. */
void rows_tab_read_then(struct tab *tab, uint32_t slot, struct item *ret);
/* The first value of rows that is no histogram: whether there is one, its unit ("" none), and what
 * it is. */
bool rows_tab_counts(struct tab *tab);
const char *rows_tab_unit(struct tab *tab);
double rows_tab_value(struct tab *tab, const struct item *item);
bool rows_tab_histogram(struct tab *tab, struct arena *arena, struct model_histogram *ret);
bool rows_tab_heatmap(struct tab *tab, struct arena *arena, uint32_t max_columns,
		      struct model_heatmap *ret);

struct tab *stream_tab_new(struct tab_env *env, const struct map_plan *map, uint64_t bytes);
const struct stream *stream_tab_ring(struct tab *tab);
void stream_tab_put(struct tab *tab, const struct record *record);
void stream_tab_lost(struct tab *tab, enum lost_where where, uint64_t count);
bool stream_tab_swept(struct tab *tab, uint64_t mono_ns);
/* Another limit of its history. */
void stream_tab_limit(struct tab *tab, uint64_t bytes);
/* Its records are spans with trace ids. */
bool stream_tab_has_traces(const struct tab *tab);
/* A record as a span, whatever the tab shows; valid until the next call for this tab. False: it is
 * gone, or of no trace. */
bool stream_tab_span(struct tab *tab, uint64_t number, struct trace_span *ret);
double stream_tab_rate(const struct tab *tab); /* records a second */

/* The programs of all sources. */
struct tab *programs_tab_new(struct tab_env *env);
void programs_tab_add(struct tab *tab, struct source *source);
void programs_tab_remove(struct tab *tab, struct source *source);
/* By index in the plan of the source. True if the shown rows may have changed. */
bool programs_tab_put(struct tab *tab, struct source *source, const struct prog_stats *stats,
		      uint64_t mono_ns);
struct programs_sum {
	uint32_t attached, wanted;
	double runs_per_s, ns_per_run, cpu; /* of a core; NaN: not known yet */
};
struct programs_sum programs_tab_sum(const struct tab *tab);

/* The last page of a tab whose source has ended. It uses neither of them afterwards. */
struct tab *ended_tab_new(struct tab_env *env, struct tab *from, uint32_t width, uint32_t height);
/* Gives the new tab of another version of that source the filter, marks, order and view that the
 * user chose, as far as it has the fields. */
void ended_tab_succeed(const struct tab *tab, struct tab *to);

#endif
