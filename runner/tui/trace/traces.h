/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traces of all maps of spans: a tab with a row for each trace, and another one with the tree
 * of one trace. A span finds its parent in whatever map the parent's record is. A parent without a
 * record is a row too, which is called missing.
 *
 * The list is made anew after a sweep with new spans, of the newest TRACES_SPANS of all maps. The
 * tree keeps its spans when their records are gone.
 */
#ifndef BOMBUS_RUNNER_TUI_TRACE_TRACES_H
#define BOMBUS_RUNNER_TUI_TRACE_TRACES_H

#include "runner/tui/model/tab.h"
#include "runner/tui/trace/waterfall.h"

#define TRACES_SPANS 16384u

struct tab *traces_tab_new(struct tab_env *env);
/* A tab of spans with trace ids comes or goes; what was shown of its spans stays. */
void traces_tab_add(struct tab *tab, struct tab *spans);
void traces_tab_remove(struct tab *tab, const struct tab *spans);
/* True if the shown rows may have changed. */
bool traces_tab_swept(struct tab *tab);

/* What the tree needs of the list. Rows in the order of the tree; NULL: the trace is gone. */
const struct span_row *traces_tab_rows(struct tab *tab, const uint8_t trace[TRACE_ID_BYTES],
				       uint32_t *ret_count);
/* The trace under the cursor; false: there is none. */
bool traces_tab_chosen(struct tab *tab, uint8_t ret[TRACE_ID_BYTES]);
/* The tab of a row's map; NULL: its source is gone, or the row is a missing span. */
struct tab *traces_tab_spans(struct tab *tab, const struct span_row *row);
/* Copies a text, cut to `room` bytes with its NUL. */
void trace_text(char *dst, size_t room, const char *text, size_t len);

/* tree_tab.c: the trace under the cursor. NULL: there is none. */
struct tab *tree_tab_new(struct tab *traces);
/* Hides or shows what is below the row under the cursor. False: nothing is. */
bool tree_tab_fold(struct tab *tab);

#endif
