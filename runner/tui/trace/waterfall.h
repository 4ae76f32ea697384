/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans as trees in time. Each trace is a run of rows, parents before their children, in the order
 * of their starts; the trace with the newest span comes last. A span whose parent is missing is a
 * root, and so is one that is its own ancestor. A record without a trace id is a trace of its own,
 * as in runner/read/span/span.h.
 */
#ifndef BOMBUS_RUNNER_TUI_TRACE_WATERFALL_H
#define BOMBUS_RUNNER_TUI_TRACE_WATERFALL_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/read/span/span.h"

#define WATERFALL_MAX 8192u /* the newest spans, which are laid out */

struct span_row {
	uint64_t number; /* the caller's */
	uint32_t map;	 /* the caller's */
	uint32_t depth;
	uint32_t below;		 /* its descendants, which follow it */
	uint64_t from_ns, to_ns; /* since the start of its trace */
	uint64_t trace_ns;	 /* the duration of the trace */
	uint64_t self_ns;	 /* without the time of its children */
	bool failed;		 /* the caller's */
	bool missing;		 /* of waterfall_add_missing() */
	/* Input of the layout. */
	uint8_t trace[TRACE_ID_BYTES];
	uint64_t id, parent;
	uint64_t start_ns, duration_ns;
	uint64_t order; /* larger ones are newer */
	uint64_t trace_newest;
};

void span_row_read(struct span_row *ret, const struct span_plan *plan, const struct record *record,
		   uint64_t number);
/* Adds a row for each parent that is not among the rows: it spans its children. `rows` has room for
 * twice as many; returns their new number. */
uint32_t waterfall_add_missing(struct span_row *rows, uint32_t count);
/* Orders the rows as they are shown, and fills them in. */
void waterfall_layout(struct span_row *rows, uint32_t count);

/* The bar of a span in `cells` cells; returns its bytes. */
size_t waterfall_bar(char *dst, const struct span_row *row, uint32_t cells, bool utf8);

#endif
