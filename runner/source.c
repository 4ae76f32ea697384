// SPDX-License-Identifier: Apache-2.0
#include "runner/source.h"

#include <stdio.h>
#include "runner/read/span/span.h"

void source_set_name(struct source *source, const char *name)
{
	struct span_text program = program_service(name);

	source->name = name;
	snprintf(source->program, sizeof(source->program), "%.*s", (int)program.len, program.ptr);
}

void source_walk_init(struct source_walk *walk, struct source *source, const struct map_plan *map,
		      uint32_t max_rows)
{
	*walk = (struct source_walk){ .source = source, .map = map };
	series_rows_init(&walk->rows, source_metric(source, map), max_rows);
}

void source_walk_release(struct source_walk *walk)
{
	if (walk->source)
		series_rows_release(&walk->rows);
	walk->source = NULL;
}

void source_walk_begin(struct source_walk *walk)
{
	walk->cursor = 0;
	walk->only_changed = false;
}

void source_walk_begin_changed(struct source_walk *walk)
{
	walk->cursor = 0;
	walk->only_changed = true;
	walk->since = walk->mark;
}

/* The mark and the first rows are of the same moment. */
bool source_walk_step(struct source_walk *walk, struct series *series)
{
	uint64_t since = walk->only_changed ? walk->since : 0;

	if (walk->only_changed && !walk->cursor)
		walk->mark = series_mark(series);
	return series_read(series, &walk->cursor, since, walk->only_changed, &walk->rows);
}
