/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans as trees in time: each trace a run of rows, parents before their children, in the order of
 * their starts; the trace that was heard of last comes last. A span whose parent is not there is a
 * root, and so is one that is its own ancestor. Where records tell no trace, each is one of its
 * own, as it is to those that get spans (runner/read/span/span.h).
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_WATERFALL_H
#define BOMBUS_RUNNER_TUI_MODEL_WATERFALL_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/read/span/span.h"

#define WATERFALL_MAX 8192u /* spans that are laid out, the newest */

struct span_row {
	uint64_t number; /* the caller's; larger ones are newer */
	uint32_t depth;
	uint64_t from_ns, to_ns; /* since the start of its trace */
	uint64_t trace_ns;	 /* how long that took */
	/* What the rows are made of. */
	uint8_t trace[TRACE_ID_BYTES];
	uint64_t id, parent;
	uint64_t start_ns, duration_ns;
	uint64_t trace_newest; /* number */
};

void span_row_read(struct span_row *ret, const struct span_plan *plan, const struct record *record,
		   uint64_t number);
/* Puts the rows into the order they are shown in, and fills them in. */
void waterfall_layout(struct span_row *rows, uint32_t count);

#endif
