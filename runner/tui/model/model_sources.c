// SPDX-License-Identifier: Apache-2.0
/* Sources that come and go, and their tabs. */
#include "base/utf8.h"
#include "base/util.h"
#include "runner/tui/model/logview.h"
#include "runner/tui/model/model_impl.h"
#include "runner/tui/trace/traces.h"

#define COLUMNS_MAX_BYTES 8192u
#define LINKS_MAX_BYTES 1024u

struct model *model_new(const struct model_opts *opts)
{
	struct model *model = xcalloc(1, sizeof(*model));

	model->settings.interval_ns = opts->interval_ns ? opts->interval_ns : 1000000000;
	model->settings.page.utf8 = opts->utf8;
	model->env.settings = &model->settings;
	model->history_bytes = opts->history_bytes ? opts->history_bytes : MODEL_HISTORY_BYTES;
	model->files = opts->files;
	model->log = logview_new();
	strbuf_init(&model->links, LINKS_MAX_BYTES);
	model->programs = programs_tab_new(&model->env);
	model->tabs = xcalloc(1, sizeof(*model->tabs));
	model->tabs[model->ntabs++] = model->programs;
	return model;
}

static void free_origin(struct origin *origin)
{
	sink_names_release(&origin->env.names);
	free(origin->by_map);
	free(origin);
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (uint32_t i = 0; i < model->ntabs; i++)
		model->tabs[i]->ops->free(model->tabs[i]);
	for (uint32_t i = 0; i < model->origins.count; i++)
		if (model->origins.all[i])
			free_origin(model->origins.all[i]);
	for (size_t i = 0; i < ARRAY_LEN(model->arenas); i++)
		arena_release(&model->arenas[i]);
	slots_release(&model->origins);
	free(model->tabs);
	logview_free(model->log);
	strbuf_release(&model->links);
	free(model);
}

struct tab *model_tab_of(const struct model *model, const struct source *source,
			 const struct map_plan *map)
{
	const struct origin *origin = slots_get(&model->origins, source);

	return origin->by_map[map->index];
}

/* All tabs together keep the history: each gets an equal share. */
static void share_history(struct model *model)
{
	uint32_t tabs = 0;

	for (uint32_t i = 0; i < model->ntabs; i++)
		tabs += model->tabs[i]->ops->kind <= TAB_STREAM;
	for (uint32_t i = 0; i < model->ntabs; i++) {
		if (model->tabs[i]->ops->kind == TAB_STREAM)
			stream_tab_limit(model->tabs[i], model->history_bytes / tabs);
		if (model->tabs[i]->ops->kind == TAB_ROWS)
			rows_tab_limit(model->tabs[i], model->history_bytes / tabs);
	}
}

static struct tab *new_tab(struct model *model, struct origin *origin, const struct map_plan *map)
{
	const struct metric_plan *metric =
		map_has_series(map) ? source_metric(origin->env.source, map) : NULL;

	/* share_history() gives a stream its limit. */
	if (map_has_records(map))
		return stream_tab_new(&origin->env, map, 0);
	return metric ? rows_tab_new(&origin->env, map, metric) : NULL;
}

static char *label_of(const struct source *source, const struct map_plan *map)
{
	_cleanup_free_ char *plain = xasprintf("%s:%s", source->program, map->name);
	size_t len = strlen(plain);
	char *label = xmalloc(UTF8_TERM_ROOM(len) + 1);

	label[utf8_term_escape(label, plain, len)] = '\0';
	return label;
}

/* Tabs that belong to no source, after those of maps. */
static uint32_t last_tabs(const struct model *model)
{
	return 1 + (model->traces != NULL);
}

/* The traces of a map of spans; their tab comes with the first such map, and stays. */
static void add_traces(struct model *model, struct tab *tab)
{
	if (!stream_tab_has_traces(tab))
		return;
	if (!model->traces)
		model->traces = traces_tab_new(&model->env);
	traces_tab_add(model->traces, tab);
}

/* The current tab has ended, and the source has it again: another version of the program. */
static void succeed(struct model *model, const struct origin *origin, const struct plan *plan)
{
	struct tab *ended = current_base(model);

	for (uint32_t i = 0; ended->ops->kind == TAB_ENDED && i < plan->nmaps; i++) {
		struct tab *tab = origin->by_map[i];
		uint32_t at = model->now;

		if (!tab || !streq(tab_label(tab), tab_label(ended)))
			continue;
		ended_tab_succeed(ended, tab);
		while (model->tabs[model->now] != tab)
			model->now++;
		model_drop_tab(model, at);
		return;
	}
}

void model_add(struct model *model, struct source *source)
{
	struct origin *origin = xcalloc(1, sizeof(*origin));
	const struct plan *plan = source->plan;
	uint32_t before = model->ntabs - last_tabs(model), at = before;

	origin->env = (struct tab_env){ .settings = &model->settings, .source = source };
	sink_names_init(&origin->env.names, source);
	/* The screen is not held up. */
	resolver_set_who(origin->env.names.resolver, source->who, WHO_WAIT_SHORT_MS);
	origin->by_map = xcalloc(plan->nmaps + 1, sizeof(struct tab *));
	model->tabs =
		xreallocarray(model->tabs, model->ntabs + plan->nmaps + 1, sizeof(struct tab *));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct tab *tab = new_tab(model, origin, &plan->maps[i]);

		if (!tab)
			continue;
		if (source->several)
			tab->label = label_of(source, &plan->maps[i]);
		origin->by_map[i] = model->tabs[at++] = tab;
		add_traces(model, tab);
	}
	if (model->traces)
		model->tabs[at++] = model->traces;
	model->tabs[at++] = model->programs;
	/* These stay last, and current unless they were alone. */
	if (model->now >= before)
		model->now = model->norigins ? at - (model->ntabs - model->now) : before;
	model->ntabs = at;
	slots_set(&model->origins, source, origin);
	model->norigins++;
	programs_tab_add(model->programs, source);
	share_history(model);
	succeed(model, origin, plan);
	model->generation++;
}

static char *name_of(const struct model *model, const struct tab *tab)
{
	if (tab == model->programs)
		return xstrdup("programs");
	return tab->env->source && tab->map
		       ? xasprintf("%s:%s", tab->env->source->program, tab->map->name)
		       : NULL;
}

bool model_columns(const struct model *model, uint32_t index, char **ret_name, char **ret_text)
{
	const struct tab *tab = model->tabs[index];
	struct strbuf text = STRBUF_INIT(COLUMNS_MAX_BYTES);

	*ret_name = name_of(model, tab);
	if (!*ret_name || (*ret_name)[strcspn(*ret_name, "=\n# ")]) {
		free(steal_ptr(ret_name));
		return false;
	}
	*ret_text = NULL;
	if (columns_describe(&tab->columns, &text) && !text.full)
		*ret_text = xstrdup(strbuf_str(&text));
	strbuf_release(&text);
	return true;
}

void model_set_columns(struct model *model, const char *name, const char *text)
{
	for (uint32_t i = 0; i < model->ntabs; i++) {
		_cleanup_free_ char *own = name_of(model, model->tabs[i]);

		if (own && streq(own, name))
			columns_apply(&model->tabs[i]->columns, text);
	}
	model->generation++;
}

void model_drop_tab(struct model *model, uint32_t index)
{
	struct tab *tab = model->tabs[index];

	tab->ops->free(tab);
	model->ntabs--;
	memmove(&model->tabs[index], &model->tabs[index + 1],
		(model->ntabs - index) * sizeof(*model->tabs));
	model->now -= model->now > index;
}

void model_remove(struct model *model, struct source *source)
{
	struct origin *origin = slots_get(&model->origins, source);

	for (uint32_t i = model->ntabs; i-- > 0;) {
		struct tab *tab = model->tabs[i];

		if (tab->env != &origin->env)
			continue;
		model->read += tab->stats.read;
		if (stream_tab_has_traces(tab))
			traces_tab_remove(model->traces, tab);
		if (i != model->now) {
			model_drop_tab(model, i);
			continue;
		}
		model->tabs[i] = ended_tab_new(&model->env, tab, model->width, model->height);
		tab->ops->free(tab);
	}
	programs_tab_remove(model->programs, source);
	slots_set(&model->origins, source, NULL);
	model->norigins--;
	free_origin(origin);
	share_history(model);
	model->generation++;
}
