/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of records and keys as typed attributes: of spans, log records and data points. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_ATTRS_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_ATTRS_H

#include "runner/read/span/span.h"
#include "runner/sink/otlp/otlp_writer.h"

struct otlp_attrs {
	struct otlp_writer *w;
	struct resolver *resolver;
	char *room;	      /* of the longest text that attr_read() makes of any of them */
	uint64_t value_chars; /* of a text at most; UINT64_MAX: all */
	uint64_t left;	      /* attributes that may still be written; UINT64_MAX: all */
	uint32_t over;	      /* attributes beyond that */
	bool all;	      /* also an errno and a signal of 0, which is none */
};

/*
 * Writes one, as the next element of an open list; `number` is the list's. Lists of numbers or
 * texts are arrays. A field that is empty is left out and does not count.
 */
void otlp_attrs_put(struct otlp_attrs *attrs, uint32_t number, const struct span_attr *attr,
		    const void *base);

#endif
