/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series of one program, and the figures of bombus itself, as DogStatsD's lines. Names, labels
 * and units are those of Prometheus.
 *
 *	counter		what was added since it was told last; nothing where that is 0
 *	gauge		its value, each time. Servers of plain statsd add a value with a sign to
 *			the one before it, so 0 stands before a negative one
 *	histogram	for each bucket that grew one value, at a sample rate that says how often;
 *			the sum of all observations is a counter, NAME.total
 *
 * One belongs to one thread.
 */
#ifndef BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_SERIES_H
#define BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_SERIES_H

#include "runner/sink/dogstatsd/dogstatsd_packet.h"
#include "runner/sink/sink.h"

struct dogstatsd_config;
struct dogstatsd_series;

/* All is borrowed. */
struct dogstatsd_series *dogstatsd_series_new(const struct dogstatsd_config *config,
					      const struct naming *naming, struct source *source);
void dogstatsd_series_free(struct dogstatsd_series *series);
/* Before the first time: a predecessor has sent all that the series have now. */
void dogstatsd_series_note(struct dogstatsd_series *series);
/* Puts what there is to tell; no mark is open afterwards. time_s: Unix time of counters and gauges
 * where it is not the present; 0: they have none. */
void dogstatsd_series_tell(struct dogstatsd_series *series, struct dogstatsd_packet *packet,
			   uint64_t time_s);

struct dogstatsd_figures;
struct dogstatsd_figures *dogstatsd_figures_new(const struct dogstatsd_config *config,
						struct figures *figures);
void dogstatsd_figures_free(struct dogstatsd_figures *figures);
void dogstatsd_figures_note(struct dogstatsd_figures *figures); /* as dogstatsd_series_note() */
void dogstatsd_figures_tell(struct dogstatsd_figures *figures, struct dogstatsd_packet *packet);

#endif
