/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page for browsers, beside the metrics: files, and a stream of events (spec/web.md). Records
 * and rows become the lines of `-o json`, once for all viewers (feed.h), and not at all without a
 * viewer. The last records of each map are kept unencoded, for viewers that come later.
 *
 * The functions of the sink are called in its thread, and before that thread starts. The server's
 * thread calls the pages.
 */
#ifndef BOMBUS_RUNNER_SINK_LIVE_LIVE_H
#define BOMBUS_RUNNER_SINK_LIVE_LIVE_H

#include "runner/sink/sink.h"
#include "runner/sink/web/web_server.h"

#define LIVE_VIEWERS 128u /* at a time */

struct live;
struct figures;
/* Both may be NULL; borrowed. */
struct live *live_new(const struct prometheus_hooks *hooks, struct figures *figures);
void live_free(struct live *live);

/* Slots of struct sink_ops. */
int live_add(struct live *live, struct source *source, struct err *err);
void live_remove(struct live *live, struct source *source);
int live_event(struct live *live, struct source *source, const struct record *record);
int live_rows(struct live *live, struct source *source, const struct series_rows *rows,
	      uint64_t time_ns);
int live_lost(struct live *live, struct source *source, const struct map_plan *map,
	      enum lost_where where, uint64_t count, uint64_t time_ns);
int live_swept(struct live *live, struct source *source, uint64_t time_ns);
int live_flush(struct live *live);
int live_work(struct live *live, int *timeout_ms);
int live_fd(const struct live *live);

/* Any thread: viewers read the rest, and then the end. */
void live_close(struct live *live);

/* Its pages, at most `max`; returns how many. */
size_t live_pages(struct live *live, struct web_page *ret, size_t max);

#endif
