/* SPDX-License-Identifier: Apache-2.0 */
/* The nesting of a signal's requests, with the JSON names of its fields. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_SHAPE_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_SHAPE_H

#include <stdbool.h>

struct otlp_shape {
	const char *signal;    /* "traces" */
	const char *resources; /* "resourceSpans"; field 1 of the request */
	const char *scopes;    /* "scopeSpans"; field 2 */
	const char *items;     /* "spans"; field 2 */
	bool has_points;       /* an item is a metric, with data points */
};
extern const struct otlp_shape otlp_spans_shape, otlp_logs_shape, otlp_metrics_shape;

#endif
