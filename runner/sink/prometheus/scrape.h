/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk over all exported series, in pieces: family by family (each in one group, as the
 * formats demand), block by block of rows that are copied under the series' lock and
 * formatted without it. Memory does not depend on how many series there are.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_H

#include <sys/types.h>
#include "base/figures.h"
#include "runner/sink/prometheus/expo.h"
#include "runner/sink/sink.h"

struct catalogue;

struct scrape_opts {
	struct catalogue *catalogue; /* the scrape takes a reference */
	const struct expo_format *format;
	const struct naming *naming;
	struct figures *figures; /* of this process about itself; NULL: none */
};

struct scrape;

/* The options' pointers are borrowed while the scrape lives. */
struct scrape *scrape_new(const struct scrape_opts *opts);
void scrape_free(struct scrape *scrape);

/* The next bytes: at most `max`, at least 1; 0 at the end. -E2BIG: the labels of one block are too
 * large. */
ssize_t scrape_read(struct scrape *scrape, char *dst, size_t max);

#endif
