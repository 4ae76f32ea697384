/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The past of one map's rows, forwards: what each sweep changed, as a source gives it to sinks.
 *
 * The past undoes. So a copy of the rows goes back first, and keeps each row as it was in the sweep
 * that brought it, because nothing else has its key any more. Then it goes ahead again.
 */
#ifndef BOMBUS_RUNNER_TUI_KEEP_REEL_H
#define BOMBUS_RUNNER_TUI_KEEP_REEL_H

#include "runner/sink/sink.h"
#include "runner/tui/model/rows.h"

struct reel;

/* From the last sweep that ended by then, or from the oldest that is kept. `rows` do not change
 * meanwhile. */
struct reel *reel_new(const struct rows *rows, struct source *source, uint64_t from_ns);
void reel_free(struct reel *reel);

/* Time of the next sweep; UINT64_MAX: there is none. The first one has all rows. */
uint64_t reel_next_ns(const struct reel *reel);
/* Gives its rows, but not the end of the sweep. Returns what the sink did. */
int reel_give(struct reel *reel, struct sink *to);

#endif
