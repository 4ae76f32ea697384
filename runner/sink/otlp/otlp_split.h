/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Divides a request that a receiver finds too large into two smaller ones. The leaves are divided:
 * spans, log records, and the data points of metrics. The messages around them (resources, scopes,
 * a metric's name and unit) are in both halves where these have leaves of them. Pure.
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
