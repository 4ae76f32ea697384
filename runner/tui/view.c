// SPDX-License-Identifier: Apache-2.0
/*
 * What the live table shows, for scripts: sorted, grouped and cut to the first rows, with rates and
 * percentiles, after each sweep, as a table, JSON or CSV. It stands in the place of the form of -o.
 */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/sink/slots.h"
#include "runner/tui/model/export.h"
#include "runner/tui/model/model.h"

struct view_args {
	const char *show, *by, *sort;
	uint64_t top, history_bytes;
};

struct view_sink {
	struct sink sink;
	struct view_args args;
	struct model *model;
	enum export_form form;
	int fd;
	bool utf8, own_fd;
	const char *headed; /* the table whose CSV header is the last */
	uint64_t wrote;	    /* tables */
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

/* The map of "MAP:a,b", and what is behind it. */
static const char *split(const char *text, char **ret_map)
{
	const char *colon = text ? strrchr(text, ':') : NULL;

	*ret_map = colon ? xstrndup(text, (size_t)(colon - text)) : NULL;
	return colon ? colon + 1 : text;
}

static bool is_shown(const struct view_sink *view, const struct source *source,
		     const struct map_plan *map)
{
	_cleanup_free_ char *by_map = NULL;

	split(view->args.by, &by_map);
	return map->role != ROLE_INTERNAL && is_named(view->args.show, source, map) &&
	       is_named(by_map, source, map);
}

/* Makes the map's tab the current one. */
static bool go(struct view_sink *view, const struct source *source, const struct map_plan *map)
{
	_cleanup_free_ char *label = source->several
					     ? xasprintf("%s:%s", source->program, map->name)
					     : xstrdup(map->name);
	struct model_tab tab;

	for (uint32_t i = 0; i < model_tabs(view->model); i++) {
		model_tab(view->model, i, &tab);
		if (!streq(tab.name, label))
			continue;
		model_go_tab(view->model, i);
		return true;
	}
	return false;
}

static int view_open(struct sink *sink, struct err *err)
{
	struct view_sink *view = view_of(sink);
	struct model_opts opts = { .history_bytes = view->args.history_bytes, .utf8 = view->utf8 };

	view->model = model_new(&opts);
	return 0;
}

static int prepare_map(struct view_sink *view, const struct map_plan *map, struct err *err)
{
	_cleanup_free_ char *ignored = NULL;
	int ret = 0;

	if (view->args.by)
		ret = model_group_by(view->model, split(view->args.by, &ignored), err);
	else if (map_has_records(map)) {
		err_hint(err, "group them: --by %s:FIELD", map->name);
		return err_usage(err, "the records of '%s' come one by one: they have no order",
				 map->name);
	}
	if (!ret && view->args.sort)
		ret = model_sort_by(view->model, view->args.sort, err);
	return ret;
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

		/* Without --show, what has no order is left out. */
		if (!is_shown(view, source, map) || !go(view, source, map) ||
		    (!view->args.by && !view->args.show && map_has_records(map)))
			continue;
		shown++;
		ret = prepare_map(view, map, err);
	}
	if (ret || shown || source->several)
		return ret;
	err_hint(err, "'bombus inspect' lists the maps of a program");
	return err_usage(err, "no map of '%s' can be shown so", source->program);
}

static void view_remove(struct sink *sink, struct source *source)
{
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
				  .map = map->name,
				  .no_header = view->headed == map->name };
	uint64_t rows;
	int ret;

	if (!go(view, source, map))
		return 0;
	if (view->form == EXPORT_TXT && view->wrote++)
		ret = write_all(view->fd, "\n", 1);
	else
		ret = 0;
	if (ret >= 0)
		ret = model_write(view->model, &how, view->fd, &rows);
	view->headed = map->name;
	return ret;
}

static int view_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	struct view_sink *view = view_of(sink);
	const struct plan *plan = source->plan;
	int ret = 0;

	model_swept(view->model, source, time_ns, time_ns);
	for (uint32_t i = 0; i < plan->nmaps && ret >= 0; i++) {
		const struct map_plan *map = &plan->maps[i];

		if (is_shown(view, source, map) && (view->args.by || !map_has_records(map)))
			ret = write_map(view, source, map, time_ns);
	}
	return ret;
}

static void view_free(struct sink *sink)
{
	struct view_sink *view = view_of(sink);

	model_free(view->model);
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

	return a->show || a->by || a->sort || a->top;
}

static int view_new(struct sink **ret, const void *args, const struct export_env *env,
		    struct err *err)
{
	struct view_sink *view;

	if (streq(env->form, "tui") || streq(env->form, "none")) {
		err_hint(err, "choose -o table, json or csv");
		return err_usage(err,
				 "--show, --by, --sort and --top are for tables, JSON and CSV");
	}
	view = xcalloc(1, sizeof(*view));
	view->sink.ops = &view_ops;
	view->args = *(const struct view_args *)args;
	view->fd = env->out_fd;
	view->own_fd = env->gives_fd;
	view->form = streq(env->form, "json")  ? EXPORT_JSON
		     : streq(env->form, "csv") ? EXPORT_CSV
					       : EXPORT_TXT;
	view->utf8 = true;
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
	.group = "What is shown after each sweep",
	.opts = view_opts,
	.args_bytes = sizeof(struct view_args),
	.in_place = true,
	.wanted = view_wanted,
	.new = view_new,
};
