/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series that Prometheus would see, as OTLP's metrics: counters are monotonic sums, gauges are
 * gauges, histograms have explicit bounds, or exponential ones where that is wanted and the bounds
 * allow. Names are Prometheus' without unit and _total ("ebpf.tcp_retransmits"), units are UCUM's
 * ("s", "By"), labels are typed attributes; the overflow series has otel.metric.overflow = true.
 *
 * A series' time begins with the last collection that did not see it yet. Of delta temporality a
 * point is what came since the collection before, and what did not change is left out.
 *
 * One belongs to one thread, but for new and free.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_METRICS_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_METRICS_H

#include "runner/sink/otlp/otlp_queue.h"
#include "runner/sink/sink.h"

struct otlp_config;
struct otlp_metrics;

struct otlp_metrics_opts {
	const struct otlp_config *config;
	bool json;
	struct source *source;
	const struct naming *naming;
	const struct otlp_origin *origin; /* copied; all else is borrowed */
	struct otlp_queue *queue;
};
struct otlp_metrics *otlp_metrics_new(const struct otlp_metrics_opts *opts);
void otlp_metrics_free(struct otlp_metrics *metrics);

/* Before the first collection: a predecessor has sent all that the series counted from since_ns
 * until now. */
void otlp_metrics_note(struct otlp_metrics *metrics, uint64_t since_ns);
/* Reads all series and puts them into the queue. */
void otlp_metrics_collect(struct otlp_metrics *metrics);

#endif
