/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sinks that print have in common: one output, and of each source the names, the spans
 * and a table of its maps. A sink embeds struct print_sink first, its struct for a source embeds
 * struct print_source first.
 */
#ifndef BOMBUS_RUNNER_SINK_PRINT_PRINT_H
#define BOMBUS_RUNNER_SINK_PRINT_PRINT_H

#include "base/arena.h"
#include "runner/sink/out.h"
#include "runner/sink/print/span_view.h"
#include "runner/sink/sink.h"
#include "runner/sink/slots.h"
#include "runner/sink/text.h"

struct print_source {
	struct source *source;
	struct sink_names names;
	struct span_views *spans; /* NULL: no spans */
	struct arena arena;
	void *maps; /* by map index, zeroed at first */
};

struct print_sink;

struct print_kind {
	size_t sink_bytes, map_bytes;
	/* Each map, once the source is known. metric: of its series; NULL: none. */
	void (*map)(struct print_sink *print, struct print_source *ps, const struct map_plan *map,
		    const struct metric_plan *metric, void *ret);
	void (*forget_map)(void *map); /* NULL: all is in the arena */
	void (*free)(struct print_sink *print);
};

struct print_sink {
	struct sink sink;
	struct out out;
	struct slots sources;
	const struct print_kind *kind;
};

static inline struct print_sink *print_of(struct sink *sink)
{
	return container_of(sink, struct print_sink, sink);
}

static inline struct print_source *print_source_of(struct sink *sink, const struct source *source)
{
	return slots_get(&print_of(sink)->sources, source);
}

/* The descriptor is borrowed. */
struct print_sink *print_new(const struct sink_ops *ops, const struct print_kind *kind, int fd);

/* Slots of struct sink_ops. */
int print_add(struct sink *sink, struct source *source, struct err *err);
void print_remove(struct sink *sink, struct source *source);
int print_flush(struct sink *sink);
struct out *print_out(struct sink *sink);
void print_free(struct sink *sink);

#endif
