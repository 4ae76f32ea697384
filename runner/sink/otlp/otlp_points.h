/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of OTLP's data points, beside their times and attributes: written into an open point,
 * from the cells of one family, as they are in a row or as the difference since the last
 * collection.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_POINTS_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_POINTS_H

#include "runner/read/series/metric.h"
#include "runner/sink/otlp/otlp_writer.h"

void otlp_put_number(struct otlp_writer *w, const struct family *family, union cell cell);
void otlp_put_explicit(struct otlp_writer *w, const struct family *family, const union cell *cells);
/* The family's shape is not BOUNDS_OTHER, and it has a bound. */
void otlp_put_exponential(struct otlp_writer *w, const struct family *family,
			  const union cell *cells);

#endif
