// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/flame/flame_feed.h"

#include <stdlib.h>

#include "base/id_map.h"
#include "base/util.h"

/* What a row counted last, and where. Of a free place: the next one. */
struct counted {
	uint32_t node;
	double value;
};

struct feed_map {
	const struct map_plan *map;
	const struct family *family; /* of rows; NULL: records */
	struct flame_fields fields;
	enum part part;
	uint32_t root;
	bool made; /* the root */
	struct id_map by_id;
	struct counted *rows;
	uint32_t nrows, room, free; /* free: 1 + a place of a row that is gone; 0: none */
};

struct flame_feed {
	struct source *source;
	struct sink_names names;
	struct flame_tree *tree;
	struct feed_map *maps; /* by index */
	uint32_t count;	       /* with stacks */
	struct flame_unit unit;
};

/* ---- stacks of fields ---- */

bool flame_fields_of(const struct field *const *fields, uint32_t count, struct flame_fields *ret)
{
	*ret = (struct flame_fields){ 0 };
	for (uint32_t i = 0; i < count; i++) {
		const struct field *f = fields[i];

		if (f->meaning == MEAN_USTACK && !ret->user)
			ret->user = f;
		else if (f->meaning == MEAN_KSTACK && !ret->kernel)
			ret->kernel = f;
		else if (f->kind == KIND_TEXT && streq(f->name, "comm"))
			ret->comm = f;
	}
	return ret->user || ret->kernel;
}

static bool has_no_stack(const char *text)
{
	return text[0] == '[' && !strchr(text, ';') && !strstr(text, "]+0x");
}

/* Of two stacks one that is missing says nothing, unless it was lost. */
static bool is_worth(const char *text, const char *other)
{
	return *text && (!has_no_stack(text) || strstr(text, "[lost") || !other);
}

uint32_t flame_fields_add(const struct flame_fields *f, const void *base, struct resolver *resolver,
			  struct flame_tree *tree, uint32_t parent)
{
	_cleanup_free_ char *user = NULL, *kernel = NULL, *comm = NULL;

	if (f->comm) {
		comm = xmalloc(field_text_max(f->comm) + 1);
		comm[field_text(comm, f->comm, base, STYLE_PLAIN, resolver)] = '\0';
		if (*comm)
			parent = flame_child(tree, parent, comm, strlen(comm), FLAME_PROCESS);
	}
	if (f->user) {
		user = xmalloc(field_text_max(f->user) + 1);
		user[field_text(user, f->user, base, STYLE_PLAIN, resolver)] = '\0';
	}
	if (f->kernel) {
		kernel = xmalloc(field_text_max(f->kernel) + 1);
		kernel[field_text(kernel, f->kernel, base, STYLE_PLAIN, resolver)] = '\0';
	}
	if (user && is_worth(user, kernel))
		parent = flame_stack(tree, parent, user, FLAME_USER);
	if (kernel && is_worth(kernel, user && !has_no_stack(user) ? user : NULL))
		parent = flame_stack(tree, parent, kernel, FLAME_KERNEL);
	return parent;
}

/* ---- one program ---- */

static bool find_in_layout(const struct layout *layout, struct flame_fields *ret)
{
	_cleanup_free_ const struct field **all = xcalloc(layout->nfields + 1, sizeof(*all));

	for (uint32_t i = 0; i < layout->nfields; i++)
		all[i] = &layout->fields[i];
	return flame_fields_of(all, layout->nfields, ret);
}

static bool find_in_labels(const struct metric_plan *plan, struct flame_fields *ret)
{
	_cleanup_free_ const struct field **all = xcalloc(plan->nlabels + 1, sizeof(*all));

	for (uint32_t i = 0; i < plan->nlabels; i++)
		all[i] = &plan->labels[i].in_key;
	return flame_fields_of(all, plan->nlabels, ret);
}

static const struct family *counted_family(const struct metric_plan *plan)
{
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		if (plan->families[i].type != METRIC_HISTOGRAM)
			return &plan->families[i];
	return NULL;
}

static bool has_unit(const struct flame_feed *feed, const char *unit)
{
	return !feed->count || streq(feed->unit.unit, unit ? unit : "count");
}

static bool take_series(struct flame_feed *feed, struct feed_map *to, const struct map_plan *map)
{
	const struct metric_plan *plan =
		map_has_series(map) ? source_metric(feed->source, map) : NULL;
	const struct family *family = plan ? counted_family(plan) : NULL;

	if (!family || !has_unit(feed, family->cell_unit) || !find_in_labels(plan, &to->fields))
		return false;
	to->family = family;
	feed->unit =
		(struct flame_unit){ map->name, family->cell_unit ? family->cell_unit : "count" };
	return true;
}

static bool take_records(struct flame_feed *feed, struct feed_map *to, const struct map_plan *map)
{
	to->part = PART_VALUE;
	feed->unit = (struct flame_unit){ "samples", "count" };
	return map_has_records(map) && find_in_layout(&map->value, &to->fields);
}

static void take_maps(struct flame_feed *feed,
		      bool (*take)(struct flame_feed *feed, struct feed_map *to,
				   const struct map_plan *map))
{
	const struct plan *plan = feed->source->plan;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (!take(feed, &feed->maps[i], &plan->maps[i]))
			continue;
		feed->maps[i].map = &plan->maps[i];
		feed->count++;
	}
}

struct flame_feed *flame_feed_new(struct source *source, struct flame_tree *tree)
{
	struct flame_feed *feed = xcalloc(1, sizeof(*feed));

	feed->source = source;
	feed->tree = tree;
	feed->maps = xcalloc(source->plan->nmaps + 1, sizeof(*feed->maps));
	take_maps(feed, take_series);
	if (!feed->count)
		take_maps(feed, take_records);
	sink_names_init(&feed->names, source);
	if (feed->count)
		return feed;
	flame_feed_free(feed);
	return NULL;
}

void flame_feed_free(struct flame_feed *feed)
{
	if (!feed)
		return;
	for (uint32_t i = 0; i < feed->source->plan->nmaps; i++) {
		id_map_release(&feed->maps[i].by_id);
		free(feed->maps[i].rows);
	}
	free(feed->maps);
	sink_names_release(&feed->names);
	free(feed);
}

static uint32_t root_of(struct flame_feed *feed, struct feed_map *map)
{
	const struct source *source = feed->source;

	if (map->made)
		return map->root;
	map->made = true;
	if (source->several)
		map->root = flame_child(feed->tree, map->root, source->program,
					strlen(source->program), FLAME_GROUP);
	if (feed->count > 1)
		map->root = flame_child(feed->tree, map->root, map->map->name,
					strlen(map->map->name), FLAME_GROUP);
	return map->root;
}

void flame_feed_event(struct flame_feed *feed, const struct record *record)
{
	struct feed_map *map = &feed->maps[record->map->index];
	uint32_t node;

	if (!map->map || map->family)
		return;
	node = flame_fields_add(&map->fields, record->part[map->part], sink_names_get(&feed->names),
				feed->tree, root_of(feed, map));
	flame_add(feed->tree, node, 1);
}

/* ---- rows ---- */

static double value_of(const struct family *family, const union cell *cells)
{
	union cell cell = cells[family->cell];

	return family->cell_type == CELL_U64   ? (double)cell.u
	       : family->cell_type == CELL_I64 ? (double)cell.i
					       : cell.d;
}

static uint32_t place(struct feed_map *map)
{
	uint32_t at = map->free - 1;

	if (map->free) {
		map->free = map->rows[at].node;
		return at;
	}
	if (map->nrows == map->room) {
		map->room = MAX(2 * map->room, 64u);
		map->rows = xreallocarray(map->rows, map->room, sizeof(*map->rows));
	}
	return map->nrows++;
}

/* A counter that is forgotten has counted all the same; a gauge is no more. */
static void end(struct flame_feed *feed, struct feed_map *map, uint64_t id)
{
	struct counted *counted;
	uint32_t at;

	if (!id_map_find(&map->by_id, id, &at))
		return;
	counted = &map->rows[at];
	if (map->family->type == METRIC_GAUGE)
		flame_add(feed->tree, counted->node, -counted->value);
	id_map_remove(&map->by_id, id);
	counted->node = map->free;
	map->free = at + 1;
}

static struct counted *counted_of(struct flame_feed *feed, struct feed_map *map,
				  const struct series_rows *rows, uint32_t i)
{
	static const char others[] = "[other stacks: more than --max-series]";
	uint32_t at;

	if (id_map_find(&map->by_id, rows->id[i], &at))
		return &map->rows[at];
	at = place(map);
	id_map_set(&map->by_id, rows->id[i], at);
	map->rows[at] = (struct counted){ .node = root_of(feed, map) };
	if (rows->flags[i] & SERIES_OVERFLOW)
		map->rows[at].node =
			flame_child(feed->tree, map->root, others, strlen(others), FLAME_NONE);
	else
		map->rows[at].node =
			flame_fields_add(&map->fields, row_key(rows, i),
					 sink_names_get(&feed->names), feed->tree, map->root);
	return &map->rows[at];
}

void flame_feed_rows(struct flame_feed *feed, const struct series_rows *rows)
{
	struct feed_map *map = &feed->maps[rows->plan->map->index];

	if (!map->map || !map->family)
		return;
	for (uint32_t i = 0; i < rows->count; i++) {
		struct counted *counted;
		double now;

		if (rows->flags[i] & SERIES_GONE) {
			end(feed, map, rows->id[i]);
			continue;
		}
		counted = counted_of(feed, map, rows, i);
		now = value_of(map->family, row_cells(rows, i));
		flame_add(feed->tree, counted->node, now - counted->value);
		counted->value = now;
	}
}

struct flame_unit flame_feed_unit(const struct flame_feed *feed)
{
	return feed->unit;
}
