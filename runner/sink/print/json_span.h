/* SPDX-License-Identifier: Apache-2.0 */
/* A span as members of a line of JSON, prepared once for each map. */
#ifndef BOMBUS_RUNNER_SINK_PRINT_JSON_SPAN_H
#define BOMBUS_RUNNER_SINK_PRINT_JSON_SPAN_H

#include "runner/sink/print/json_shape.h"
#include "runner/sink/print/span_view.h"

struct json_span {
	const struct span_plan *plan;
	struct json_shape fields;
	struct json_shape *events, *links;
	size_t max_bytes;
};

/* names: numbers have their names beside them. */
void json_span_init(struct json_span *ret, struct arena *arena, const struct span_views *views,
		    const struct span_plan *plan, bool names);
/* `"trace_id":"...", ... "fields":{...}` without what stands around; returns the end. */
char *json_span_write(char *dst, const struct json_span *json, const struct span_views *views,
		      const struct trace_span *span, struct resolver *resolver);

#endif
