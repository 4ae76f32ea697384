// SPDX-License-Identifier: Apache-2.0
/*
 * The content of the live table for scripts. After each sweep it prints the rows, sorted, grouped
 * and limited to the first ones, with rates and percentiles, as a table, JSON or CSV. It takes the
 * place of the form that -o chooses.
 */
#include <errno.h>
#include <langinfo.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/sink/print/csv_sheet.h"
#include "runner/tui/model/export.h"
#include "runner/tui/model/model.h"

#define HEADER_MAX_BYTES (1u << 20)

struct view_args {
	const char *show, *by, *sort, *having;
	uint64_t top;
};

struct view_sink {
	struct sink sink;
	struct view_args args;
	struct model *model;
	char *by_map;	/* "MAP" of --by MAP:a,b; NULL: every map */
	const char *by; /* "a,b"; NULL: no groups */
	enum export_form form;
	int fd;
	bool utf8, own_fd;
	/* CSV: the columns of all maps, and the places of each one's among them. */
	struct csv_sheet sheet;
	struct view_map {
		const struct source *source;
		const struct map_plan *map;
		char *header;
		struct csv_place place;
	} * maps;
	size_t nmaps;
	bool planned;
	uint64_t tables; /* written */
};

static struct view_sink *view_of(struct sink *sink)
{
	return container_of(sink, struct view_sink, sink);
}

/* "PROGRAM:MAP", "MAP" or NULL for all. */
static bool is_named(const char *name, const struct source *source, const struct map_plan *map)
{
	size_t len = strlen(source->program);

	if (!name || streq(name, map->name))
		return true;
	return strncmp(name, source->program, len) == 0 && name[len] == ':' &&
	       streq(name + len + 1, map->name);
}

static bool is_shown(const struct view_sink *view, const struct source *source,
		     const struct map_plan *map)
{
	return map->role != ROLE_INTERNAL && is_named(view->args.show, source, map) &&
	       is_named(view->by_map, source, map) && (view->by || !map_has_records(map));
}

static int view_open(struct sink *sink, struct err *err)
{
	struct view_sink *view = view_of(sink);
	struct model_opts opts = { .utf8 = view->utf8 };

	view->model = model_new(&opts);
	return 0;
}

static int prepare_map(struct view_sink *view, struct err *err)
{
	int ret = view->by ? model_group_by(view->model, view->by, err) : 0;
	struct model_why why;

	if (!ret && view->args.having && model_filter(view->model, view->args.having, &why) < 0)
		return err_usage(err, "--having '%s': %s", view->args.having, why.text);
	return !ret && view->args.sort ? model_sort_by(view->model, view->args.sort, err) : ret;
}

static int fail_order(const struct map_plan *map, struct err *err)
{
	err_hint(err, "group them: --by %s:FIELD", map->name);
	return err_usage(err, "the records of '%s' come one by one: they have no order", map->name);
}

static void forget_maps(struct view_sink *view, const struct source *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->nmaps; i++) {
		struct view_map *map = &view->maps[i];

		if (source && map->source != source) {
			view->maps[kept++] = *map;
			continue;
		}
		free(map->header);
		csv_place_release(&map->place);
	}
	view->nmaps = kept;
}

static void add_csv(struct view_sink *view, const struct source *source, const struct map_plan *map)
{
	struct export_how how = { .time_ns = 1,
				  .program = source->several ? source->program : NULL,
				  .map = map->name };
	struct strbuf header = STRBUF_INIT(HEADER_MAX_BYTES);

	if (view->form != EXPORT_CSV)
		return;
	model_header(view->model, &how, &header);
	view->maps = xreallocarray(view->maps, view->nmaps + 1, sizeof(*view->maps));
	view->maps[view->nmaps++] = (struct view_map){ source, map, strbuf_steal(&header), { 0 } };
	view->planned = false;
}

static const struct view_map *view_map_of(const struct view_sink *view, const struct source *source,
					  const struct map_plan *map)
{
	for (size_t i = 0; i < view->nmaps; i++)
		if (view->maps[i].source == source && view->maps[i].map == map)
			return &view->maps[i];
	return NULL;
}

/* Before the first line, and again when a program has joined. */
static int plan_sheet(struct view_sink *view)
{
	_cleanup_free_ char *header = NULL;

	view->planned = true;
	csv_sheet_release(&view->sheet);
	for (size_t i = 0; i < view->nmaps; i++)
		csv_sheet_add(&view->sheet, view->maps[i].header);
	for (size_t i = 0; i < view->nmaps; i++)
		csv_place_find(&view->maps[i].place, &view->sheet, view->maps[i].header);
	header = csv_sheet_header(&view->sheet);
	return write_all(view->fd, header, strlen(header));
}

static int view_add(struct sink *sink, struct source *source, struct err *err)
{
	struct view_sink *view = view_of(sink);
	const struct plan *plan = source->plan;
	uint32_t shown = 0;
	int ret = 0;

	model_add(view->model, source);
	for (uint32_t i = 0; i < plan->nmaps && !ret; i++) {
		const struct map_plan *map = &plan->maps[i];

		if (view->args.show && !view->by && map_has_records(map) &&
		    is_named(view->args.show, source, map))
			return fail_order(map, err);
		if (!is_shown(view, source, map) || !model_go_map(view->model, source, map))
			continue;
		shown++;
		ret = prepare_map(view, err);
		if (!ret)
			add_csv(view, source, map);
	}
	if (ret || shown || source->several)
		return ret;
	err_hint(err, "'bombus inspect' lists the maps of a program");
	return err_usage(err, "no map of '%s' can be shown so", source->program);
}

static void view_remove(struct sink *sink, struct source *source)
{
	forget_maps(view_of(sink), source);
	model_remove(view_of(sink)->model, source);
}

static int view_event(struct sink *sink, struct source *source, const struct record *record)
{
	model_event(view_of(sink)->model, source, record);
	return 0;
}

static int view_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		     uint64_t time_ns)
{
	model_rows(view_of(sink)->model, source, rows);
	return 0;
}

static int write_map(struct view_sink *view, const struct source *source,
		     const struct map_plan *map, uint64_t time_ns)
{
	struct export_how how = { .form = view->form,
				  .max_rows = view->args.top,
				  .time_ns = time_ns,
				  .program = source->several ? source->program : NULL,
				  .map = map->name };
	const struct view_map *csv = view_map_of(view, source, map);
	uint64_t rows;
	int ret = 0;

	if (csv) {
		how.sheet = &view->sheet;
		how.place = &csv->place;
	}

	if (!model_go_map(view->model, source, map))
		return 0;
	if (view->form == EXPORT_TXT && view->tables++)
		ret = write_all(view->fd, "\n", 1);
	return ret < 0 ? ret : model_write(view->model, &how, view->fd, &rows);
}

static int view_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	struct view_sink *view = view_of(sink);
	const struct plan *plan = source->plan;
	int ret = 0;

	model_swept(view->model, source, time_ns, time_ns);
	if (view->form == EXPORT_CSV && !view->planned)
		ret = plan_sheet(view);
	for (uint32_t i = 0; i < plan->nmaps && ret >= 0; i++)
		if (is_shown(view, source, &plan->maps[i]))
			ret = write_map(view, source, &plan->maps[i], time_ns);
	return ret;
}

static void view_free(struct sink *sink)
{
	struct view_sink *view = view_of(sink);

	forget_maps(view, NULL);
	free(view->maps);
	csv_sheet_release(&view->sheet);
	model_free(view->model);
	free(view->by_map);
	if (view->own_fd)
		close_fd(&view->fd);
	free(view);
}

static const struct sink_ops view_ops = {
	.name = "view",
	.open = view_open,
	.add = view_add,
	.remove = view_remove,
	.event = view_event,
	.rows = view_rows,
	.swept = view_swept,
	.free = view_free,
};

/* --- its options --- */

static bool view_wanted(const void *args)
{
	const struct view_args *a = args;

	return a->show || a->by || a->sort || a->top || a->having;
}

static int view_new(struct sink **ret, const void *args, const struct export_env *env,
		    struct err *err)
{
	const struct view_args *a = args;
	const char *colon = a->by ? strrchr(a->by, ':') : NULL;
	struct view_sink *view;

	if (streq(env->form, "tui") || streq(env->form, "none")) {
		err_hint(err, "choose -o table, json or csv");
		return err_usage(err, "--show, --by, --sort, --having and --top are for tables, "
				      "JSON and CSV");
	}
	view = xcalloc(1, sizeof(*view));
	view->sink.ops = &view_ops;
	view->args = *a;
	view->by = a->by;
	if (colon) {
		view->by_map = xstrndup(a->by, (size_t)(colon - a->by));
		view->by = colon + 1;
	}
	view->fd = env->out_fd;
	view->own_fd = env->gives_fd;
	view->form = streq(env->form, "json")  ? EXPORT_JSON
		     : streq(env->form, "csv") ? EXPORT_CSV
					       : EXPORT_TXT;
	view->utf8 = streq(nl_langinfo(CODESET), "UTF-8");
	*ret = &view->sink;
	return 0;
}

#define ARG(member) offsetof(struct view_args, member)
static const struct opt view_opts[] = {
	{ .name = "show",
	  .arg = "MAP",
	  .kind = OPT_TEXT,
	  .offset = ARG(show),
	  .help = "this map alone, with its rates, after each sweep",
	  .complete = "map" },
	{ .name = "sort",
	  .arg = "FIELD",
	  .kind = OPT_TEXT,
	  .offset = ARG(sort),
	  .help = "order the rows of each sweep: the largest first; FIELD:up: the smallest" },
	{ .name = "having",
	  .arg = "EXPR",
	  .kind = OPT_TEXT,
	  .offset = ARG(having),
	  .help = "only rows or groups for which this holds: p99 > 10ms, records > 5" },
	{ .name = "top",
	  .arg = "N",
	  .kind = OPT_U64,
	  .offset = ARG(top),
	  .help = "the first N rows of each sweep",
	  .min = 1,
	  .max = 1000000 },
	{ .name = "by",
	  .arg = "[MAP:]A,B",
	  .kind = OPT_TEXT,
	  .offset = ARG(by),
	  .help = "group rows or records by these fields: counts, sums, shares, percentiles",
	  .complete = "map" },
	{ 0 },
};
#undef ARG

const struct exporter exporter_view = {
	.name = "view",
	.group = "Output after each sweep",
	.opts = view_opts,
	.args_bytes = sizeof(struct view_args),
	.in_place = true,
	.wanted = view_wanted,
	.new = view_new,
};
