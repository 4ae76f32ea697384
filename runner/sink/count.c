// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/util.h"
#include "runner/sink/sink.h"

static int count_event(struct sink *sink, struct source *source, const struct record *record)
{
	return 0;
}

static int count_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		      uint64_t time_ns)
{
	return 0;
}

static void count_free(struct sink *sink)
{
	free(sink);
}

struct sink *sink_count_new(void)
{
	static const struct sink_ops ops = {
		.name = "count",
		.event = count_event,
		.rows = count_rows,
		.free = count_free,
	};
	struct sink *sink = xcalloc(1, sizeof(*sink));

	sink->ops = &ops;
	return sink;
}
