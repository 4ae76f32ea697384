/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scrape as the body of a response: compressed where the client asks for it, ended when its time
 * is over, and counted.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_BODY_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_BODY_H

#include <stdatomic.h>
#include "runner/sink/prometheus/scrape.h"
#include "runner/sink/web/packer.h"

/* All scrapes so far. The thread that serves writes them, any thread reads them. */
struct scrape_totals {
	_Atomic uint64_t scrapes, failed;     /* failed: of these, late or closed by the client */
	_Atomic uint64_t last_ns, last_bytes; /* from the request to the last byte; uncompressed */
};
extern const struct figure_table scrape_figures; /* ctx: struct scrape_totals */

struct scrape_body;

/* timeout_ns 0: none. The totals outlive the body; NULL: it is not counted (HEAD). Takes the
 * packer over; NULL: no compression. */
struct scrape_body *scrape_body_new(const struct scrape_opts *opts, struct scrape_totals *totals,
				    struct packer *packer, uint64_t timeout_ns);
/* A body that was not read to its end counts as failed. */
void scrape_body_free(struct scrape_body *body);

/* As scrape_read(); -ETIME when its time is over. */
ssize_t scrape_body_read(struct scrape_body *body, char *dst, size_t max);

#endif
