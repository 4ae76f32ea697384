/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of records and keys as typed attributes: of spans, log records and data points. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_ATTRS_H
#define BOMBUS_RUNNER_SINK_OTLP_ATTRS_H

#include "runner/read/span.h"
#include "runner/sink/otlp_writer.h"

struct otlp_attrs {
	struct otlp_writer *w;
	struct resolver *resolver;
	char *room;	      /* of the longest text that attr_read() makes of any of them */
	uint64_t value_chars; /* the most of a text; UINT64_MAX: all */
};

/*
 * Writes one, as the next element of an open list; `number` is the list's. Lists of numbers or
 * texts are arrays. False: there is nothing to show, nothing was written.
 */
bool otlp_attrs_put(const struct otlp_attrs *attrs, uint32_t number, const struct span_attr *attr,
		    const void *base);

#endif
