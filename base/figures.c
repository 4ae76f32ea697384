// SPDX-License-Identifier: Apache-2.0
#include "base/figures.h"

#include <pthread.h>

#include "base/util.h"

struct entry {
	const struct figure_table *table;
	void *ctx;
	uint32_t owners;
};

/* Entries stand in the order of their tables; those of one table stand together. */
struct figures {
	pthread_mutex_t lock;
	struct entry *entries;
	size_t count;
};

struct figures *figures_new(void)
{
	struct figures *figures = xcalloc(1, sizeof(*figures));

	pthread_mutex_init(&figures->lock, NULL);
	return figures;
}

void figures_free(struct figures *figures)
{
	if (!figures)
		return;
	pthread_mutex_destroy(&figures->lock);
	free(figures->entries);
	free(figures);
}

static bool stands_before(const struct entry *entry, const struct figure_table *table)
{
	if (entry->table->order != table->order)
		return entry->table->order < table->order;
	return entry->table <= table;
}

static struct entry *find(const struct figures *figures, const struct figure_table *table,
			  const void *ctx)
{
	for (size_t i = 0; i < figures->count; i++)
		if (figures->entries[i].table == table && figures->entries[i].ctx == ctx)
			return &figures->entries[i];
	return NULL;
}

static void add_entry(struct figures *figures, const struct figure_table *table, void *ctx)
{
	size_t at = 0;

	figures->entries =
		xreallocarray(figures->entries, figures->count + 1, sizeof(struct entry));
	while (at < figures->count && stands_before(&figures->entries[at], table))
		at++;
	memmove(figures->entries + at + 1, figures->entries + at,
		(figures->count - at) * sizeof(struct entry));
	figures->entries[at] = (struct entry){ table, ctx, 1 };
	figures->count++;
}

void figures_add(struct figures *figures, const struct figure_table *table, void *ctx)
{
	struct entry *same;

	if (!figures)
		return;
	pthread_mutex_lock(&figures->lock);
	same = find(figures, table, ctx);
	if (same)
		same->owners++;
	else
		add_entry(figures, table, ctx);
	pthread_mutex_unlock(&figures->lock);
}

void figures_remove(struct figures *figures, const void *ctx)
{
	size_t kept = 0;

	if (!figures)
		return;
	pthread_mutex_lock(&figures->lock);
	for (size_t i = 0; i < figures->count; i++)
		if (figures->entries[i].ctx != ctx || --figures->entries[i].owners)
			figures->entries[kept++] = figures->entries[i];
	figures->count = kept;
	pthread_mutex_unlock(&figures->lock);
}

struct walk {
	struct figure_visit visit;
	const struct own_figure *figure;
	figure_fn fn;
	void *arg;
};

static void visit_one(struct figure_visit *visit, const void *of, const struct figure_label *labels,
		      size_t nlabels)
{
	struct walk *walk = container_of(visit, struct walk, visit);
	struct figure_value value;

	if (walk->figure->get(of, &value))
		walk->fn(walk->arg, walk->figure, labels, nlabels, &value);
}

static void walk_figure(struct figures *figures, size_t first, struct walk *walk)
{
	const struct figure_table *table = figures->entries[first].table;

	for (size_t i = first; i < figures->count && figures->entries[i].table == table; i++) {
		void *ctx = figures->entries[i].ctx;

		if (table->each)
			table->each(ctx, walk->figure, &walk->visit);
		else
			visit_one(&walk->visit, ctx, NULL, 0);
	}
}

bool figures_walk(struct figures *figures, size_t nth, figure_fn fn, void *arg)
{
	struct walk walk = { .visit = { visit_one }, .fn = fn, .arg = arg };

	if (!figures)
		return false;
	pthread_mutex_lock(&figures->lock);
	for (size_t i = 0; i < figures->count && !walk.figure; i++) {
		const struct figure_table *table = figures->entries[i].table;

		if (i && figures->entries[i - 1].table == table)
			continue;
		if (nth < table->count) {
			walk.figure = &table->figures[nth];
			walk_figure(figures, i, &walk);
		} else {
			nth -= table->count;
		}
	}
	pthread_mutex_unlock(&figures->lock);
	return walk.figure != NULL;
}

/* --- of this build ---------------------------------------------------------------------------- */

static bool get_one(const void *of, struct figure_value *ret)
{
	return figure_count(ret, 1);
}

static void each_build(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	const struct figure_label version = { "version", BOMBUS_VERSION };

	visit->visit(visit, NULL, &version, 1);
}

static const struct own_figure build[] = {
	{ "bombus_build_info", "Always 1, labelled with the version.", "", FIGURE_GAUGE, get_one },
};

const struct figure_table build_figures = { build, ARRAY_LEN(build), FIGURES_BUILD, each_build };
