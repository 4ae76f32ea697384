// SPDX-License-Identifier: Apache-2.0
#include "runner/source.h"

#include <stdio.h>
#include <string.h>
#include "base/util.h"
#include "runner/read/span/span.h"
#include "runner/read/text/decoding.h"
#include "runner/read/who/who.h"

void source_set_name(struct source *source, const char *name)
{
	struct span_text program = program_service(name);

	source->name = name;
	snprintf(source->program, sizeof(source->program), "%.*s", (int)program.len, program.ptr);
}

struct resolver *source_resolver(const struct source *source)
{
	struct resolver *resolver;

	if (source->names)
		return resolver_new_from(source->names, source->clock);
	resolver = resolver_new(source->clock);
	resolver_use_opener(resolver, source->opener);
	resolver_set_who(resolver, source->who, WHO_WAIT_MS);
	resolver_set_user_stacks(resolver, source->stacks);
	return resolver;
}

void source_walk_init(struct source_walk *walk, struct source *source, const struct map_plan *map,
		      uint32_t max_rows)
{
	*walk = (struct source_walk){ .source = source, .map = map };
	series_rows_init(&walk->rows, source_metric(source, map), max_rows);
	for (uint32_t i = 0; i < walk->rows.plan->nlabels; i++) {
		const struct decoder_chain *chain = walk->rows.plan->labels[i].in_key.decoders;

		walk->drops |= chain && chain->drops;
	}
}

void source_walk_release(struct source_walk *walk)
{
	if (walk->source)
		series_rows_release(&walk->rows);
	resolver_free(walk->names);
	walk->names = NULL;
	walk->source = NULL;
}

bool source_walk_leaves_out(const struct source_walk *walk, uint32_t i)
{
	const struct series_rows *rows = &walk->rows;
	const uint8_t *key = rows->keys + (size_t)i * rows->plan->key_bytes;
	char text[DECODE_MAX];

	if (rows->flags[i] & SERIES_OVERFLOW)
		return false;
	for (uint32_t k = 0; k < rows->plan->nlabels; k++) {
		const struct field *f = &rows->plan->labels[k].in_key;

		if (f->decoders && f->decoders->drops &&
		    decoding_run(f->decoders, key + f->off_bits / 8, f->size_bits / 8, walk->names,
				 text) < 0)
			return true;
	}
	return false;
}

static void move_row(struct series_rows *rows, uint32_t to, uint32_t from)
{
	size_t key = rows->plan->key_bytes, cells = rows->plan->ncells;

	memcpy(rows->keys + to * key, rows->keys + from * key, key);
	memcpy(rows->cells + to * cells, rows->cells + from * cells, cells * sizeof(*rows->cells));
	rows->flags[to] = rows->flags[from];
	rows->change_ns[to] = rows->change_ns[from];
	rows->place[to] = rows->place[from];
	rows->id[to] = rows->id[from];
}

bool source_walk_next(struct source_walk *walk)
{
	bool more = walk->source->ops->walk(walk->source, walk);
	uint32_t kept = 0;

	if (likely(!walk->drops))
		return more;
	if (!walk->names)
		walk->names = source_resolver(walk->source);
	for (uint32_t i = 0; i < walk->rows.count; i++) {
		if (source_walk_leaves_out(walk, i))
			continue;
		if (kept != i)
			move_row(&walk->rows, kept, i);
		kept++;
	}
	walk->rows.count = kept;
	return more;
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
