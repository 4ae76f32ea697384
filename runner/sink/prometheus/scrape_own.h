/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of this process about itself, as families after those of the programs. */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_OWN_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_SCRAPE_OWN_H

#include "runner/sink/prometheus/scrape.h"

/* One of them, by number; false: there is none of this number. */
bool scrape_own(struct strbuf *dst, uint32_t nth, const struct scrape_opts *opts);

#endif
