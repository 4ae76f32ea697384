// SPDX-License-Identifier: Apache-2.0
/*
 * A table for people that only grows at its end: on a pipe, or on a terminal without the live
 * table. Each map has a grid of its own. The header comes before the first line of a map, again
 * on a terminal after a screenful, and again after other maps' lines when it is some way up. With
 * several maps shown, a column names the map of each line.
 */
#include <langinfo.h>
#include <sys/ioctl.h>
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/sink/print/print.h"
#include "runner/sink/print/table_map.h"

/* A header of another map is repeated when it is more lines up than this. */
#define HEADER_NEAR_LINES 20
#define SCREEN_LINES 40 /* where the terminal does not say */
#define NOTE_MAX_BYTES 4096

struct table_sink {
	struct print_sink print;
	struct grid_page page;
	const struct table_map *shown; /* the map of the last line */
	uint64_t lines;		       /* written so far */
	uint32_t screen;	       /* a header after so many lines; 0: no screen */
};

static struct table_sink *table_of(struct sink *sink)
{
	return container_of(print_of(sink), struct table_sink, print);
}

static struct table_map *map_of(const struct print_source *ps, const struct map_plan *map)
{
	return &((struct table_map *)ps->maps)[map->index];
}

/* A terminal may have changed its size; what is none keeps the width that was given. */
static void look_at_screen(struct table_sink *table)
{
	struct winsize size;

	if (!table->page.width)
		return;
	if (ioctl(table->print.out.fd, TIOCGWINSZ, &size) < 0 || !size.ws_col || size.ws_row < 4)
		return;
	table->page.width = size.ws_col;
	table->screen = size.ws_row - 1;
}

static int table_open(struct sink *sink, struct err *err)
{
	struct table_sink *table = table_of(sink);
	const char *charset = nl_langinfo(CODESET);

	table->page.utf8 = charset && streq(charset, "UTF-8");
	table->screen = table->page.width ? SCREEN_LINES : 0;
	look_at_screen(table);
	return 0;
}

static void table_map(struct print_sink *print, struct print_source *ps, const struct map_plan *map,
		      const struct metric_plan *metric, void *ret)
{
	const struct table_names names = {
		.program = ps->source->several ? ps->source->program : NULL,
		.map = maps_shown(ps->source->plan) > 1,
	};

	table_map_init(ret, map, metric, ps->spans, &table_of(&print->sink)->page, &names);
}

static void forget_map(void *map)
{
	table_map_release(map);
}

static void table_remove(struct sink *sink, struct source *source)
{
	table_of(sink)->shown = NULL;
	print_remove(sink, source);
}

static void put_line(struct table_sink *table, const char *line, size_t len)
{
	out_add(&table->print.out, line, len);
	table->lines++;
}

static bool header_is_due(const struct table_sink *table, const struct table_map *map)
{
	uint64_t since = table->lines - map->header_line;

	if (!map->header_shown)
		return true;
	if (table->screen && since >= table->screen)
		return true;
	return table->shown != map && since > HEADER_NEAR_LINES;
}

static void show_header(struct table_sink *table, struct table_map *map)
{
	const char *line;
	size_t len;

	if (header_is_due(table, map)) {
		map->header_line = table->lines;
		map->header_shown = true;
		line = grid_header(&map->grid, &len);
		put_line(table, line, len);
	}
	table->shown = map;
}

static int data_line(struct table_sink *table, const char *line, size_t len)
{
	put_line(table, line, len);
	return out_pace(&table->print.out);
}

static int table_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct table_sink *table = table_of(sink);
	struct print_source *ps = print_source_of(sink, source);
	struct table_map *map = map_of(ps, record->map);
	const char *line;
	size_t len;

	show_header(table, map);
	line = table_map_record(map, record, sink_names_get(&ps->names), &len);
	return line ? data_line(table, line, len) : 0;
}

static int table_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		      uint64_t time_ns)
{
	struct table_sink *table = table_of(sink);
	struct print_source *ps = print_source_of(sink, source);
	struct table_map *map = map_of(ps, rows->plan->map);
	const char *line;
	size_t len;
	int ret = 0;

	table_map_measure(map, rows, sink_names_get(&ps->names));
	for (uint32_t i = 0; i < rows->count && !ret; i++) {
		show_header(table, map);
		line = table_map_row(map, rows, i, time_ns, sink_names_get(&ps->names), &len);
		ret = data_line(table, line, len);
	}
	return ret;
}

/* Twice the ring's size, as --ring takes it. */
static size_t wider(char *dst, size_t room, uint64_t bytes)
{
	static const char units[] = "KMG";
	const char *unit = NULL;

	bytes *= 2;
	for (size_t i = 0; units[i] && bytes % 1024 == 0 && bytes; i++) {
		bytes /= 1024;
		unit = &units[i];
	}
	return snprintf(dst, room, "%llu%.1s", (unsigned long long)bytes, unit ? unit : "");
}

void lost_text(char *dst, size_t room, const struct map_plan *map, enum lost_where where,
	       uint64_t count)
{
	_cleanup_free_ char *name = xmalloc(UTF8_TERM_ROOM(strlen(map->name)) + 1);
	const char *what = map_has_records(map) || map_is_ring(map) ? "event" : "update";
	char size[32];
	int n;

	name[utf8_term_escape(name, map->name, strlen(map->name))] = '\0';
	n = snprintf(dst, room, "%llu %s%s of '%.200s' lost: ", (unsigned long long)count, what,
		     count == 1 ? "" : "s", name);
	if (where == LOST_QUEUE) {
		snprintf(dst + n, room - n, "the output is too slow");
	} else if (map->source == SOURCE_RING) {
		wider(size, sizeof(size), map->max_entries);
		snprintf(dst + n, room - n, "ring buffer full; widen with --ring %.200s=%s", name,
			 size);
	} else if (map->source == SOURCE_PERF) {
		snprintf(dst + n, room - n, "perf buffer full");
	} else {
		snprintf(dst + n, room - n, "map full; widen with --max-entries %.200s=%llu", name,
			 2ull * map->max_entries);
	}
}

static int table_lost(struct sink *sink, struct source *source, const struct map_plan *map,
		      enum lost_where where, uint64_t count, uint64_t time_ns)
{
	struct table_sink *table = table_of(sink);
	const char *rule = table->page.utf8 ? "──" : "--";
	struct strbuf line = STRBUF_INIT(NOTE_MAX_BYTES);
	_cleanup_free_ char *note = NULL;
	char text[1024];

	lost_text(text, sizeof(text), map, where, count);
	if (source->several)
		note = xasprintf("%s %s: %s %s", rule, source->program, text, rule);
	else
		note = xasprintf("%s %s %s", rule, text, rule);
	page_line(&table->page, &line, note, strlen(note), LOOK_WARNING);
	put_line(table, strbuf_str(&line), line.len);
	strbuf_release(&line);
	return out_pace(&table->print.out);
}

static int table_flush(struct sink *sink)
{
	struct table_sink *table = table_of(sink);

	if (table->print.out.len)
		look_at_screen(table);
	return out_flush(&table->print.out);
}

static const struct sink_ops table_ops = {
	.name = "table",
	.open = table_open,
	.add = print_add,
	.event = table_event,
	.rows = table_rows,
	.lost = table_lost,
	.flush = table_flush,
	.remove = table_remove,
	.free = print_free,
	.out = print_out,
};

static const struct print_kind table_kind = {
	.sink_bytes = sizeof(struct table_sink),
	.map_bytes = sizeof(struct table_map),
	.map = table_map,
	.forget_map = forget_map,
};

struct sink *sink_table_new(int fd, uint32_t width_columns, bool color)
{
	struct print_sink *print = print_new(&table_ops, &table_kind, fd);
	struct table_sink *table = table_of(&print->sink);

	table->page.width = width_columns;
	table->page.color = color;
	return &print->sink;
}

static int table_new(struct sink **ret, const void *args, const struct export_env *env,
		     struct err *err)
{
	*ret = sink_table_new(env->out_fd, env->width_columns, env->color);
	return 0;
}

const struct exporter exporter_table = { .name = "table", .new = table_new };
