/* SPDX-License-Identifier: Apache-2.0 */
/* The sink that sends OTLP: otlp_config.h describes its targets, otlp_queue.h its bounds and
 * losses. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_H

#include "base/figures.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_queue.h"
#include "runner/sink/sink.h"

/* Takes the configuration over. `figures` may be NULL. */
struct sink *sink_otlp_new(struct otlp_config *config, const struct naming *naming,
			   struct figures *figures);

/* Any thread, until it is freed. False: this signal is off. */
bool sink_otlp_counts(const struct sink *sink, enum otlp_signal signal, struct otlp_counts *ret);

#endif
