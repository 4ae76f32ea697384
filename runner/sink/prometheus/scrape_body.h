/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scrape as the body of a response: compressed if that is wanted, given up when its time is
 * over, and accounted for.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_BODY_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_BODY_H

#include <stdatomic.h>
#include "runner/sink/prometheus/scrape.h"
#include "runner/sink/web/packer.h"

/* What came of the scrapes so far. Written by the thread that serves, read by any. */
struct scrape_totals {
	_Atomic uint64_t scrapes, failed; /* failed: of these, late or given up by the other side */
	_Atomic uint64_t last_ns, last_bytes; /* from the request to the last byte; uncompressed */
};
extern const struct figure_table scrape_figures; /* ctx: struct scrape_totals */

struct scrape_body;

/* timeout_ns 0: it may take as long as the reader does. The totals outlive the
 * body; NULL: it is not counted (HEAD). */
struct scrape_body *scrape_body_new(const struct scrape_opts *opts, struct scrape_totals *totals,
				    struct packer *packer, uint64_t timeout_ns);
/* One that was not read to its end counts as failed. */
void scrape_body_free(struct scrape_body *body);

/* As scrape_read(); -ETIME when its time is over. */
ssize_t scrape_body_read(struct scrape_body *body, char *dst, size_t max);

#endif
