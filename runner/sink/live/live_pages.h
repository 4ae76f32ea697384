/* SPDX-License-Identifier: Apache-2.0 */
/* The paths that a browser requests: the page's files, and the stream of events of a feed. */
#ifndef BOMBUS_RUNNER_SINK_LIVE_LIVE_PAGES_H
#define BOMBUS_RUNNER_SINK_LIVE_LIVE_PAGES_H

#include "runner/sink/web/web_server.h"

struct feed;

/* At most `max`; returns how many. The feed is borrowed. */
size_t live_pages_of(struct feed *feed, struct web_page *ret, size_t max);

#endif
