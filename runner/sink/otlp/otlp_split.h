/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that a receiver finds too large, as two smaller ones. What is divided are its leaves:
 * spans, log records, and the data points of metrics. What stands around them (resources, scopes,
 * a metric's name and unit) stands in both halves, where they have leaves of it. Pure.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_SPLIT_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_SPLIT_H

#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/sink/otlp/otlp_shape.h"

/*
 * `prefix` bytes stand before the message, and are zero in both halves. `ret` are two empty
 * buffers; the first gets *ret_first leaves. False: there are not two leaves.
 */
bool otlp_split(const struct otlp_shape *shape, bool json, size_t prefix, const struct strbuf *body,
		struct strbuf ret[2], uint64_t *ret_first);

#endif
