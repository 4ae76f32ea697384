/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics for a DogStatsD server (Datadog's Agent, statsd_exporter, Vector): spec/dogstatsd.md. The
 * sink's thread reads the series after a sweep when the interval is over, and once at the end. It
 * waits for a slow server for at most a second each time.
 */
#ifndef BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_H
#define BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_H

#include "runner/sink/dogstatsd/dogstatsd_config.h"
#include "runner/sink/sink.h"

/* Takes the config over. `figures` are sent too, and get those of this sink; borrowed. */
struct sink *sink_dogstatsd_new(struct dogstatsd_config *config, const struct naming *naming,
				struct figures *figures);

#endif
