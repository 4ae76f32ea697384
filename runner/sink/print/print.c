// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/print/print.h"

#include "base/util.h"

struct print_sink *print_new(const struct sink_ops *ops, const struct print_kind *kind, int fd)
{
	struct print_sink *print = xcalloc(1, kind->sink_bytes);

	print->sink.ops = ops;
	print->kind = kind;
	out_init(&print->out, fd);
	return print;
}

static void *map_at(const struct print_sink *print, const struct print_source *ps, uint32_t i)
{
	return (char *)ps->maps + (size_t)i * print->kind->map_bytes;
}

int print_add(struct sink *sink, struct source *source, struct err *err)
{
	struct print_sink *print = print_of(sink);
	const struct plan *plan = source->plan;
	struct print_source *ps = xcalloc(1, sizeof(*ps));

	ps->source = source;
	sink_names_init(&ps->names, source);
	ps->spans = span_views_new(source, ps->names.resolver);
	ps->maps = xcalloc(plan->nmaps + 1, print->kind->map_bytes);
	slots_set(&print->sources, source, ps);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];

		print->kind->map(print, ps, map,
				 map_has_series(map) ? source_metric(source, map) : NULL,
				 map_at(print, ps, i));
	}
	return 0;
}

static void forget(struct print_sink *print, struct print_source *ps)
{
	for (uint32_t i = 0; print->kind->forget_map && i < ps->source->plan->nmaps; i++)
		print->kind->forget_map(map_at(print, ps, i));
	free(ps->maps);
	span_views_free(ps->spans);
	sink_names_release(&ps->names);
	arena_release(&ps->arena);
	free(ps);
}

void print_remove(struct sink *sink, struct source *source)
{
	struct print_sink *print = print_of(sink);

	forget(print, print_source_of(sink, source));
	slots_set(&print->sources, source, NULL);
}

int print_flush(struct sink *sink)
{
	return out_flush(&print_of(sink)->out);
}

struct out *print_out(struct sink *sink)
{
	return &print_of(sink)->out;
}

void print_free(struct sink *sink)
{
	struct print_sink *print = print_of(sink);

	for (uint32_t i = 0; i < print->sources.count; i++)
		if (print->sources.all[i])
			forget(print, print->sources.all[i]);
	slots_release(&print->sources);
	out_release(&print->out);
	if (print->kind->free)
		print->kind->free(print);
	free(print);
}
