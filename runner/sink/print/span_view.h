/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans for the sinks that write text: what every span has, as cells; its attributes are fields.
 * All spans are shown, sampled or not. One belongs to one sink's thread.
 */
#ifndef BOMBUS_RUNNER_SINK_PRINT_SPAN_VIEW_H
#define BOMBUS_RUNNER_SINK_PRINT_SPAN_VIEW_H

#include "runner/read/text/decode.h"
#include "runner/read/span/span.h"
#include "runner/source.h"

enum span_cell {
	SPAN_CELL_TRACE,
	SPAN_CELL_ID,
	SPAN_CELL_PARENT, /* null for a root */
	SPAN_CELL_NAME,
	SPAN_CELL_SERVICE,
	SPAN_CELL_START,
	SPAN_CELL_END,
	SPAN_CELL_DURATION,
	SPAN_CELL_KIND,
	SPAN_CELL_STATUS,
	SPAN_CELL_MESSAGE,
	SPAN_CELLS,
};

struct span_views;

/* NULL: the plan has no map of role spans, and the others are not to be called. */
struct span_views *span_views_new(const struct source *source, struct resolver *resolver);
void span_views_free(struct span_views *views);

/* NULL: the map has another role. */
const struct span_plan *span_views_plan(const struct span_views *views, const struct map_plan *map);
struct span_maker *span_views_maker(const struct span_views *views);
/* The span of a record, valid until the next call; NULL: it is none. */
const struct trace_span *span_views_read(struct span_views *views, const struct record *record);

const char *span_cell_name(enum span_cell cell); /* "trace_id" */
size_t span_cell_max(const struct span_views *views, const struct span_plan *plan,
		     enum span_cell cell);
/* Without NUL; returns the length. For people STATUS is what went wrong, and nothing where nobody
 * said. dst has span_cell_max() bytes. */
size_t span_cell(char *dst, const struct span_views *views, const struct trace_span *span,
		 enum span_cell cell, enum style style);

#endif
